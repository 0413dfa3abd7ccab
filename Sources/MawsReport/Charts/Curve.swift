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

    /// An exponential moving average over a fortieth of the curve, at least four points, started without bias
    /// (Kingma and Ba's correction).
    func smoothed() -> Curve {
        let keep = 1 - 1 / max(4, Double(points.count) / 40)
        var average = 0.0
        var weight = 0.0
        return Curve(
            points.map { point in
                average = keep * average + (1 - keep) * point.y
                weight = keep * weight + (1 - keep)
                return Point(x: point.x, y: average / weight)
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
