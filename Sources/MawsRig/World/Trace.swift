import MawsBase

/// What happened in a world: a hash over all of it, and its text for whoever asks.
package struct Trace {
    private(set) var hash: UInt64 = 1
    private(set) var count = 0
    /// Lines, newest last; nil: nobody reads them.
    private(set) var lines: [String]?
    private let linesMax: Int

    /// - Parameter linesMax: of the newest lines; 0: none is kept.
    init(linesMax: Int) {
        self.linesMax = linesMax
        lines = linesMax > 0 ? [] : nil
    }

    /// Something happened: what, and where and to which numbers.
    mutating func note(_ at: UInt64, _ what: UInt64, _ first: UInt64 = 0, _ second: UInt64 = 0) {
        count += 1
        hash = CounterRandom.mix((hash ^ at) &* 0x9E37_79B9_7F4A_7C15 &+ (what << 48 ^ first << 24 ^ second))
    }

    mutating func say(_ at: UInt64, _ text: () -> String) {
        guard lines != nil else { return }
        let (seconds, rest) = (at / 1_000_000_000, at % 1_000_000_000 / 1000)
        let fraction = String(rest + 1_000_000).dropFirst()
        lines?.append("\(seconds).\(fraction) \(text())")
        if let count = lines?.count, count > 2 * linesMax { lines?.removeFirst(count - linesMax) }
    }
}
