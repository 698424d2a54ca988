"""Many films from one file of jobs.

    jobs file -> jobs, all checked -> a queue in a folder -> workers, here or on a Ray cluster

The queue is nothing but files: any number of workers, of any number of commands on any
machines that see the folder, take jobs from it, and what is left of a dead one is taken up.
"""
