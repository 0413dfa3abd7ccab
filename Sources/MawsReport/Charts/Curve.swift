import Foundation

/// One quantity over the steps of a stage.
struct Curve {
    struct Point: Hashable {
        var x: Double
        var y: Double
    }

    /// Ascending by x; y is finite.
    let points: [Point]

    init(_ points: [Point]) { self.points = points.filter { $0.x.isFinite && $0.y.isFinite } }

    /// A centred moving average over a twentieth of the curve, at least five points. Towards the ends the window
    /// shrinks on both sides, so that the average neither lags nor bends.
    func smoothed() -> Curve {
        let reach = max(2, points.count / 40)
        var sums = [0.0]
        for point in points { sums.append(sums[sums.count - 1] + point.y) }
        return Curve(
            points.indices.map { index in
                let half = min(reach, index, points.count - 1 - index)
                let sum = sums[index + half + 1] - sums[index - half]
                return Point(x: points[index].x, y: sum / Double(2 * half + 1))
            })
    }

    /// At most about `2 * buckets` points: the lowest and the highest of each bucket, in order, so that peaks stay.
    func thinned(buckets: Int) -> Curve {
        guard points.count > 2 * buckets else { return self }
        var kept: [Point] = []
        for bucket in 0..<buckets {
            let slice = points[(points.count * bucket / buckets)..<(points.count * (bucket + 1) / buckets)]
            let low = slice.indices.min { slice[$0].y < slice[$1].y } ?? slice.startIndex
            let high = slice.indices.max { slice[$0].y < slice[$1].y } ?? slice.startIndex
            kept += low == high ? [slice[low]] : [slice[min(low, high)], slice[max(low, high)]]
        }
        return Curve(kept)
    }

    /// The value below which this share of the points lies.
    func quantile(_ share: Double) -> Double? {
        let sorted = points.map(\.y).sorted()
        return sorted.isEmpty ? nil : sorted[Int((Double(sorted.count - 1) * share).rounded(.up))]
    }
}
