// Ways from one keyframe to the next, as dreamvid/schedule/easing.py has them: share of the time
// to share of the change. The film is computed there; these draw the curve between two samples.

const smooth = (share) => share * share * (3 - 2 * share);

function bounce(share) {
  for (const [end, middle, floor] of [[1, 0, 0], [2, 1.5, 0.75], [2.5, 2.25, 0.9375]]) {
    if (share < end / 2.75) return 7.5625 * (share - middle / 2.75) ** 2 + floor;
  }
  return 7.5625 * (share - 2.625 / 2.75) ** 2 + 0.984375;
}

function elastic(share) {
  if (share <= 0 || share >= 1) return share;
  return 2 ** (-10 * share) * Math.sin(((10 * share - 0.75) * 2 * Math.PI) / 3) + 1;
}

export const EASES = {
  linear: (share) => share,
  hold: () => 0,
  smooth,
  in: (share) => share ** 3,
  out: (share) => 1 - (1 - share) ** 3,
  bounce,
  elastic,
};
