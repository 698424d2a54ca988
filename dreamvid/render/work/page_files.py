"""File names in OUT/watch/, which `monitor` writes and `clean` removes."""

FOLDER, FILM, POSTER, HTML, SCRIPT = ("watch", "watch.mp4", "poster.png", "watch.html", "status.js")
