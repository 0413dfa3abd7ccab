import Foundation

/// Samples of each label, the most frequent first, thinned to what a chart over logarithmic axes can show.
struct RankCurve {
    struct Point: Hashable {
        /// The label's rank, from 1.
        var rank: Int
        var count: Int
    }

    let points: [Point]

    /// - Parameter counts: descending, above 0.
    init(counts: [Int], steps: Int = 200) {
        var ranks: [Int] = []
        for step in 0...steps where !counts.isEmpty {
            let rank = Int(pow(Double(counts.count), Double(step) / Double(steps)).rounded())
            if rank != ranks.last { ranks.append(rank) }
        }
        points = ranks.map { Point(rank: $0, count: counts[$0 - 1]) }
    }

    /// Powers of ten from 1 up to the first that holds the value.
    static func decades(upTo value: Int) -> [Int] {
        var decades = [1]
        while decades[decades.count - 1] < value { decades.append(decades[decades.count - 1] * 10) }
        return decades.count > 1 ? decades : [1, 10]
    }

    /// Where a value lies between 1 and the last decade, 0...1 on a logarithmic axis.
    static func share(_ value: Int, of decades: [Int]) -> Double {
        log10(Double(max(1, value))) / Double(decades.count - 1)
    }
}
