"""The page as a user has it: a browser, the studio's process, a small dream on two cores."""

import base64
import io
import json
import os
import signal

import cv2
import numpy as np
import pytest
import torch
from PIL import Image as PilImage

from dreamvid.film.engine import render_frames
from dreamvid.film.job import build
from dreamvid.preset.load import load_preset
from dreamvid.studio.session.screen import jpeg_of
from tests.support.studio_server import chromium, look, started, wait, wait_for

pytestmark = pytest.mark.slow  # a studio and a browser

RATE = 8  # frames a second of the small film


@pytest.fixture(scope="module")
def studio(tmp_path_factory):
    with started(tmp_path_factory.mktemp("studio")) as studio:
        yield studio


@pytest.fixture(scope="module")
def browser():
    with chromium() as browser:
        yield browser


@pytest.fixture
def context(browser):
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    yield context
    context.close()


@pytest.fixture
def page(context, studio):
    """The page with the small preset opened from the gallery, playing."""
    page, errors = context.new_page(), []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(studio.address)
    page.locator("dream-header a.open").click()
    page.locator("dream-gallery button.card", has_text="saved as small").click()
    wait(page, "studio.state?.name === 'small' && studio.state.revision >= 0")
    wait(page, "studio.status?.worker === 'ready' && studio.status.frame >= 1")
    yield page
    assert errors == []


def seen(page, frame):
    """The picture of a frame that was seen, as it was sent."""
    answer = page.request.get(page.url.split("?")[0].split("#")[0] + f"pictures/live/{frame}")
    assert answer.ok, answer.text()
    return answer.body()


def grey(jpeg):
    with PilImage.open(io.BytesIO(jpeg)) as picture:
        return np.asarray(picture.convert("L")).astype(np.float32)


def on_canvas(page):
    """Pixels that the page shows."""
    url = page.evaluate("document.querySelector('dream-stage').picture.toDataURL('image/png')")
    return grey(base64.b64decode(url.partition(",")[2]))


def set_zoom(page, value):
    box = page.locator("dream-control[data-key='motion.zoom'] input.box")
    box.fill(str(value))
    box.press("Enter")
    wait(page, f"studio.state.lanes.length || studio.state.values['motion.zoom'] === {value}")


def zoomed(picture, factor):
    height, width = picture.shape
    matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), 0, factor)
    return cv2.warpAffine(picture, matrix, (width, height), borderMode=cv2.BORDER_REFLECT)


def apart(one, other):
    return float(np.abs(one - other)[8:-8, 8:-8].mean())


def next_frames(page, count=3):
    """Pictures of the frames that come now."""
    first = look(page, "studio.status.last") + 2
    wait(page, f"studio.status.last >= {first + count}")
    return [grey(seen(page, frame)) for frame in range(first, first + count)]


def test_frames_change_and_zoom_moves_the_picture(page):
    shown = on_canvas(page)
    wait_for(lambda: apart(on_canvas(page), shown) > 0, page, "another picture")
    still, after = next_frames(page)[:2]
    set_zoom(page, 2.2)
    old, new, _ = next_frames(page)
    by_camera = apart(zoomed(old, 2.2 ** (1 / RATE)), new)
    assert by_camera < 0.4 * apart(old, new)
    assert apart(still, after) < 0.5 * apart(zoomed(still, 2.2 ** (1 / RATE)), after)


def test_recorded_film_is_saved_rendered_as_it_was_seen_and_played(page, studio, tmp_path):
    page.locator("[data-action=restart]").click()
    wait(page, "studio.status.frame <= 2")
    page.locator("[data-action=record]").click()
    wait(page, "studio.state.recording")
    for value in (1.8, 0.8, 1.4):
        frame = look(page, "studio.status.last") + 2
        wait(page, f"studio.status.last >= {frame}")
        set_zoom(page, value)
    page.locator("[data-action=record]").click()
    wait(page, "!studio.state.recording && studio.state.lanes[0]?.keyframes.length >= 3")
    wait(page, "studio.status.last >= 20")
    page.locator("[data-action=play]").click()
    wait(page, "!studio.status.playing")
    page.locator("dream-header button.save").click()
    page.locator("dream-save input").fill("mine")
    page.locator("dream-save button.primary").click()
    wait(page, "studio.state.saved && studio.state.name === 'mine'")
    assert look(page, "studio.state.seen_from") == 0
    last, settings = look(page, "[studio.status.last, studio.state.preview.settings]")
    check_seen(page, studio.folder / "presets" / "mine.toml", settings, last)

    job = render_by(page)
    play(page, job)
    drop(page, f"{job}.mp4", (studio.folder / "films" / job / "forward.mp4").read_bytes())
    page.get_by_text("Open its settings").click()
    kept = look(page, "studio.state.lanes[0].keyframes.length")
    wait(page, "!document.querySelector('dream-drop dialog').open")
    wait(page, f"studio.state.lanes[0]?.keyframes.length === {kept}")


def check_seen(page, path, settings, last):
    """Each frame that was seen is the render's: the same numbers make the same JPEG."""
    preset = load_preset(str(path), settings)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # as the studio has, on which sums depend
    try:
        job = build(preset, torch.device("cpu"))
        with job.steps({}) as step:
            for frame in render_frames(job.start, step, count=last):
                if frame.index >= 0:
                    assert jpeg_of(frame.image) == seen(page, frame.index), frame.index
    finally:
        torch.set_num_threads(threads)


def render_by(page):
    """Put the film into the queue; returns its job once it is done."""
    look(page, "studio.send('render', {name: 'mine', size: '64x36', frames: 10})")
    job = wait(page, "studio.renders?.jobs.find(({state}) => state === 'done')?.job")
    films = page.request.get(page.url.split("?")[0].split("#")[0] + "api/films").json()
    assert [film["job"] for film in films] == [job] and films[0]["frames"] == 10
    return job


def play(page, job):
    ended = page.evaluate(
        """job => new Promise(done => {
            const film = document.createElement("video");
            film.muted = true;
            film.onended = () => done([film.videoWidth, film.videoHeight, film.duration]);
            film.onerror = () => done(film.error.message);
            film.src = `films/${job}/forward.mp4`;
            document.body.append(film);
            film.play();
        })""",
        job,
    )
    assert ended == [64, 36, pytest.approx(10 / RATE, abs=0.01)]


def drop(page, name, data):
    """Drop a file on the page."""
    page.evaluate(
        """([name, data]) => {
            const bytes = Uint8Array.from(atob(data), letter => letter.charCodeAt(0));
            const dataTransfer = new DataTransfer();
            dataTransfer.items.add(new File([bytes], name));
            dispatchEvent(new DragEvent("drop", { dataTransfer, cancelable: true }));
        }""",
        [name, base64.b64encode(data).decode()],
    )


def test_a_picture_dropped_becomes_the_start(page, studio, texture):
    file = io.BytesIO()
    picture = texture(72, 128)
    PilImage.fromarray(picture).save(file, "PNG")
    drop(page, "photo.png", file.getvalue())
    page.get_by_text("Begin with it").click()
    path = wait(page, "studio.state.values['start.path']")
    assert str(studio.folder) in path
    wait(page, "studio.status.frame < 2")
    if not look(page, "studio.status.playing"):
        page.locator("[data-action=play]").click()
    wait(page, "studio.status.frame >= 2")
    expected = grey(file.getvalue())
    wait_for(lambda: apart(grey(seen(page, 0)), expected) < 12, page, "the photo")


def test_reload_and_a_second_window_show_the_same(page, context, studio):
    set_zoom(page, 1.3)
    page.locator("[data-action=play]").click()
    wait(page, "!studio.status.playing")
    page.reload()
    wait(page, "studio.state?.values['motion.zoom'] === 1.3 && studio.status")
    second = context.new_page()
    second.goto(studio.address)
    both = (page, second)
    wait(second, "studio.state?.values['motion.zoom'] === 1.3")
    second.evaluate("location.hash = ''")  # the gallery may lie above it
    assert len({json.dumps(look(one, "studio.state"), sort_keys=True) for one in both}) == 1
    set_zoom(second, 1.7)
    wait(page, "studio.state.values['motion.zoom'] === 1.7")
    wait_for(lambda: apart(*(on_canvas(one) for one in both)) == 0, page, "the same picture")


def test_phone_has_every_control_within_its_width(browser, studio):
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True)
    page = context.new_page()
    page.goto(studio.address)
    wait(page, "studio.state && studio.status")
    for view in ("", "all", "pick", "time", "gallery", "renders", "films"):
        page.evaluate("view => { location.hash = view }", view)
        page.wait_for_timeout(100)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, view
    page.evaluate("location.hash = ''")
    for place in ("[data-action=play]", "dream-header button.save", "dream-stage canvas"):
        box = page.locator(place).first.bounding_box()
        assert box and box["x"] >= 0 and box["x"] + box["width"] <= 390, place
    playing = look(page, "studio.status.playing")
    page.locator("[data-action=play]").tap()
    wait(page, f"studio.status.playing === {str(not playing).lower()}")
    context.close()


def test_keyboard_alone_reaches_play_and_zoom(page):
    def tab_to(place):
        for _ in range(80):
            if page.evaluate("place => document.activeElement.matches(place)", place):
                return
            page.keyboard.press("Tab")
        raise AssertionError(f"Tab never comes to {place}")

    page.evaluate("document.activeElement.blur()")
    tab_to("[data-action=play]")
    page.keyboard.press("Space")
    wait(page, "!studio.status.playing")
    page.keyboard.press("Space")
    wait(page, "studio.status.playing")
    tab_to("dream-control[data-key='motion.zoom'] input[type=range]")
    before = look(page, "studio.state.values['motion.zoom']")
    page.keyboard.press("ArrowRight")
    wait(page, f"studio.state.values['motion.zoom'] > {before}")
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline != "none"


def test_a_killed_dream_is_told_and_goes_on(page, studio):
    for number in studio.dreamers:
        os.kill(number, signal.SIGKILL)
    banner = page.locator("dream-notices .banner")
    wait_for(lambda: "was killed" in (banner.text_content() or ""), page, "the banner")
    wait(page, "studio.status.worker === 'ready' && studio.status.last >= 3")
    assert look(page, "studio.state.name") == "small"


def test_a_restarted_studio_has_its_state_back(page, studio):
    set_zoom(page, 1.6)
    page.wait_for_timeout(1000)  # it is kept within a second
    state = look(page, "studio.state.values")
    assert studio.stop() == 130
    wait(page, "!studio.connected")
    wait_for(lambda: "Nothing is lost" in page.locator(".banner").text_content(), page, "banner")
    studio.start()
    wait(page, "studio.connected && studio.state && studio.status?.worker === 'ready'")
    assert look(page, "studio.state.values") == state
    assert page.locator(".banner").is_hidden()
