"""Name the files of OUT/watch/, which `monitor` writes and `render.clean` removes."""

FOLDER, FILM, POSTER, HTML, SCRIPT = (
    "watch",
    "watch.mp4",
    "poster.png",
    "watch.html",
    "status.js",
)
