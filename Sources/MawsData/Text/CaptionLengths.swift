/// How many tokens captions have, both ends counted.
package struct CaptionLengths: Sendable {
    /// Captions by their number of tokens.
    private var counts: [Int: Int] = [:]
    package private(set) var captionCount = 0

    package init() {}

    package mutating func add(_ tokenCount: Int) {
        counts[tokenCount, default: 0] += 1
        captionCount += 1
    }

    /// Captions with more tokens than a context holds, which it cuts.
    package func cutCount(context: Int) -> Int { counts.reduce(0) { $0 + ($1.key > context ? $1.value : 0) } }

    /// The least number of tokens that this share of the captions does not exceed; 0 where there are none.
    package func quantile(_ share: Double) -> Int {
        var rest = Int((share * Double(captionCount)).rounded(.up))
        for (length, count) in counts.sorted(by: { $0.key < $1.key }) {
            rest -= count
            if rest <= 0 { return length }
        }
        return 0
    }

    /// `median 12, 99 of 100 up to 31, longest 1203; a context of 102 cuts 20 of 40 captions`.
    package func sentence(context: Int) -> String {
        "median \(quantile(0.5)), 99 of 100 up to \(quantile(0.99)), longest \(quantile(1)); "
            + "a context of \(context) cuts \(cutCount(context: context)) of \(captionCount) captions"
    }
}
