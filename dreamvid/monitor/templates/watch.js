const $ = id => document.getElementById(id);
const film = $("film"), poster = $("poster");
let seen = -1, shown = -1, last = null;

function clock(s) {
  s = Math.round(s);
  const h = Math.floor(s / 3600), m = Math.floor(s / 60) % 60;
  return (h ? h + ":" + String(m).padStart(2, "0") : m) + ":" + String(s % 60).padStart(2, "0");
}
function play(number) {
  shown = number;
  film.src = "watch.mp4?" + number;
  film.hidden = false;
  film.play().catch(() => {});
}
function watching(s) {
  last = s;
  document.title = (s.count ? Math.floor(100 * s.done / s.count) + " % " : "") + s.title;
  $("title").textContent = s.title;
  $("state").textContent = s.state + (s.line ? ": " + s.line : "");
  $("done").style.width = (s.count ? 100 * s.done / s.count : 0) + "%";
  $("frames").textContent = s.count ? s.done + " of " + s.count : "-";
  $("speed").textContent = !s.speed ? "-"
    : s.speed < 1 ? (1 / s.speed).toFixed(1) + " s/frame" : s.speed.toFixed(1) + " frames/s";
  $("left").textContent = s.state !== "rendering" || !s.speed ? "-"
    : clock((s.count - s.done) / s.speed);
  $("size").textContent = (s.bytes / 1e6).toFixed(1) + " MB";
  if (s.update > seen) {
    seen = s.update;
    poster.src = "poster.png?" + seen;
    if (s.film && shown < 0) play(seen);
  }
  $("files").replaceChildren(...s.files.map(name => {
    const link = document.createElement("a");
    link.href = "../" + encodeURIComponent(name);
    link.textContent = name;
    const line = document.createElement("div");
    line.append(link);
    return line;
  }));
}
film.onended = () => { if (seen > shown) play(seen); else { film.currentTime = 0; film.play(); } };
film.onerror = () => setTimeout(() => play(seen), 2000);
function look() {
  const script = document.createElement("script");
  script.src = "status.js?" + Date.now();
  script.onload = script.onerror = () => script.remove();
  document.head.append(script);
  const silent = last && last.state === "rendering" ? Date.now() / 1000 - last.time : 0;
  const slow = last && last.speed ? 10 / last.speed : 0;
  $("silent").textContent = silent > Math.max(300, slow)
    ? "Nothing was heard of it for " + clock(silent) + ": is it still running?" : "";
}
look();
setInterval(look, 2000);
