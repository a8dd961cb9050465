/** The slope of the line that lies closest to the points. */
export const slopeOf = (points: readonly (readonly [x: number, y: number])[]): number => {
  const mean = (axis: 0 | 1) => points.reduce((sum, point) => sum + point[axis], 0) / points.length
  const [x0, y0] = [mean(0), mean(1)]
  const shared = points.reduce((sum, [x, y]) => sum + (x - x0) * (y - y0), 0)
  return shared / points.reduce((sum, [x]) => sum + (x - x0) ** 2, 0)
}
