"""Studio: a page in the browser on which a dream runs while it is changed.

    page/      static files: ES modules and custom elements, without a build step
    protocol/  messages between page and server, typed both ways
    server/    routes, socket, safety; `hub` passes messages between all of these
    desk/      the preset that is being changed: settings, keyframes, undo, presets on disk
    session/   the worker process that dreams it, and the ring of its frames
    choices/   lists of what can be dreamed, and pictures of it
    bench/     measurement of the studio, as a window sees it
    queue/     renders of whole films, one after another, and the films that came of them

State lives in the server: every window, after every reload, shows the same.
"""
