"""Batches: many films from one jobs file.

    jobs file -> jobs, all checked -> a queue in a folder -> workers, here or on a Ray cluster

The queue consists of files: any number of workers, started by any number of commands on any
machines that share the folder, take jobs from it, and a dead worker's job is resumed.
"""
