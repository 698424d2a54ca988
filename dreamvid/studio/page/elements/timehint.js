// The line under the lanes: what is to know about the frames and the time just now.

/** Give [text, kind] of the hint; kind is "recording", "trouble" or "". */
export function timeHint({ state, status, connected }) {
  if (!connected) return ["Connection lost; trying again. Nothing is lost: the server keeps everything.", "trouble"];
  if (state.recording) {
    const how = status?.playing ? "Move a control" : "Press play and move a control";
    return [`Recording: ${how}; it is written as keyframes from frame ${Math.max(0, status?.frame ?? 0)} on.`, "recording"];
  }
  if (!status || status.last < 0) {
    return [status?.playing ? "" : "Press play: the frames dreamed can be gone back to here.", ""];
  }
  if (!status.playing && status.frame >= 0 && status.frame < status.last) {
    return [`Play goes on from frame ${status.frame}: the frames after it are dreamed anew.`, ""];
  }
  if (state.seen_from === null) {
    return ["These frames were dreamed with other settings or at another size; restart to see the film as it will be rendered.", ""];
  }
  if (state.seen_from > status.first && state.seen_from > 0) {
    return [`Frames before ${state.seen_from} were dreamed with other settings; restart to see the film as it will be rendered.`, ""];
  }
  return ["", ""];
}
