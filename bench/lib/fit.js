const mean = (list) => list.reduce((sum, value) => sum + value, 0) / list.length;

/**
 * Fits a straight line to points (least squares).
 * @param {{ x: number, y: number }[]} points
 * @returns {{ slope: number, at: (x: number) => number, r2: number }} `r2`: the share of the variance that the line explains
 */
export function lineThrough(points) {
  const [x0, y0] = [mean(points.map(({ x }) => x)), mean(points.map(({ y }) => y))];
  const sum = (of) => points.reduce((total, point) => total + of(point), 0);
  const slope = sum(({ x, y }) => (x - x0) * (y - y0)) / sum(({ x }) => (x - x0) ** 2);
  const at = (x) => y0 + slope * (x - x0);
  return { slope, at, r2: 1 - sum(({ x, y }) => (y - at(x)) ** 2) / sum(({ y }) => (y - y0) ** 2) };
}

/**
 * The height of the last third of the points, divided by what the line through the first half predicts: 1 if the cost grows
 * linearly or not at all, 2 and more if it grows with the square.
 */
export function bend(points) {
  const first = lineThrough(points.slice(0, Math.ceil(points.length / 2)));
  const last = points.slice(-Math.ceil(points.length / 3));
  return mean(last.map(({ y }) => y)) / mean(last.map(({ x }) => first.at(x)));
}
