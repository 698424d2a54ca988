"""Web formats in a browser: a page reports that a film ended, or that an image moved."""

import json
import os
import shutil
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Empty, Queue

import pytest

from dreamvid.export.export import export
from dreamvid.export.request import ExportRequest
from dreamvid.media.clip import pictures_of

KINDS = {
    ".mp4": "video/mp4",
    ".webm": "video/webm",
    ".gif": "image/gif",
    ".webp": "image/webp",
    ".avif": "image/avif",
    ".apng": "image/png",
}

# A film says once how it ended. Of animated pictures a canvas draws the first picture alone:
# the browser's own decoder is asked for the others.
PAGE = """<!doctype html><canvas width=64 height=36></canvas><script>
const tell = (name, found) => fetch("/told", {method: "POST",
  body: JSON.stringify({name, ...found})});
const pen = document.querySelector("canvas").getContext("2d", {willReadFrequently: true});
const look = element => { pen.drawImage(element, 0, 0, 64, 36);
  return Array.from(pen.getImageData(0, 0, 64, 36).data); };
const differ = (one, other) => String(one) != String(other);
const play = name => {
  const film = document.createElement("video");
  let first = null;
  film.muted = true;
  film.onerror = () => tell(name, {error: film.error.message});
  film.ontimeupdate = () => { if (film.currentTime > 0) first = first || look(film); };
  film.onended = () => tell(name, {moved: differ(look(film), first), width: film.videoWidth,
    length: film.duration});
  film.src = name;
  document.body.append(film);
  film.play();
};
const decode = async name => {
  const answer = await fetch(name);
  const type = answer.headers.get("Content-Type");
  const decoder = new ImageDecoder({data: await answer.arrayBuffer(), type});
  await decoder.tracks.ready;
  const track = decoder.tracks.selectedTrack;
  const pictures = [];
  for (const frameIndex of [0, 1, track.frameCount - 1])
    pictures.push((await decoder.decode({frameIndex})).image);
  const [first, next, last] = pictures.map(look);
  tell(name, {moved: differ(first, next) && differ(next, last), pixels: first,
    width: pictures[0].codedWidth, count: track.frameCount,
    forever: track.repetitionCount == Infinity,
    length: (pictures[2].timestamp + pictures[2].duration) / 1e6});
};
for (const name of FILES)
  if (name.endsWith("mp4") || name.endsWith("webm")) play(name);
  else decode(name).catch(error => tell(name, {error: String(error)}));
</script>"""


@pytest.fixture
def chromium():
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
    if program is None:
        if os.environ.get("DREAMVID_REQUIRE_CHROMIUM"):
            pytest.fail("DREAMVID_REQUIRE_CHROMIUM is set, but there is no chromium")
        pytest.skip("needs chromium")
    return program


@pytest.fixture
def site(tmp_path):
    """(address, queue of the page's reports) of a server of the files in tmp_path."""
    reports = Queue()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            names = sorted(path.name for path in tmp_path.iterdir() if path.suffix in KINDS)
            path = tmp_path / self.path.lstrip("/")
            if self.path == "/":
                self.answer(PAGE.replace("FILES", json.dumps(names)).encode(), "text/html")
            elif path.name in names:
                self.answer(path.read_bytes(), KINDS[path.suffix])
            else:
                self.send_error(404)

        def do_POST(self):
            reports.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.answer(b"", "text/plain")

        def answer(self, body, kind):
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/", reports
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.slow
def test_web_formats_play(chromium, site, tmp_path, make_film, tmp_path_factory):
    address, reports = site
    film = pictures_of(make_film(2, fps=12))
    exports = {}
    for name, options in {
        "h264.mp4": ExportRequest(),
        "vp9.webm": ExportRequest(codec="vp9"),
        "av1.webm": ExportRequest(codec="av1"),
        "pictures.gif": ExportRequest(),
        "pictures.webp": ExportRequest(),
        "pictures.avif": ExportRequest(),
        "pictures.apng": ExportRequest(),
    }.items():
        exports[name] = export(film, tmp_path / name, request=options)
    profile = tmp_path_factory.mktemp("profile")
    switches = "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run "
    switches += "--disable-background-networking --disable-component-update --disable-sync "
    switches += "--mute-audio --autoplay-policy=no-user-gesture-required --remote-debugging-port=0"
    command = [chromium, *switches.split(), f"--user-data-dir={profile}", address]
    log = (profile / "log").open("wb")
    with log, subprocess.Popen(command, stdout=log, stderr=log) as browser:
        answers = {}
        try:
            while len(answers) < len(exports):
                answer = reports.get(timeout=60)
                answers[answer["name"]] = answer
        except Empty:
            pass
        finally:
            browser.terminate()
    assert answers.keys() == exports.keys(), log_of(profile)
    first = next(film.read())
    for name, answer in answers.items():
        assert answer.get("error") is None and answer["moved"], answer
        assert answer["width"] == 320 and 1.95 < answer["length"] < 2.1, answer
        if "pixels" in answer:
            assert answer["count"] == 24 and answer["forever"], name
            # Colours as in the film: the first picture's mean, which no kernel changes.
            mean = [sum(answer["pixels"][n::4]) / (64 * 36) for n in range(3)]
            far = max(abs(mean[n] - first[..., n].mean()) for n in range(3))
            assert far < 3, f"{name}: {mean}"


def log_of(profile):
    return (profile / "log").read_text("utf-8", "replace")[-2000:]
