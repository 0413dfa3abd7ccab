/// Finds hashes within a Hamming distance by multi-index hashing (Norouzi, Punjani and Fleet, CVPR 2012): the 64 bits
/// are cut into one part more than bits may differ, so that hashes within the distance agree in one part at least.
package struct HashIndex: Sendable {
    /// Largest distance: parts are four bits then.
    static let radiusMax = 15

    package struct Match: Hashable, Sendable {
        /// The number of the hash in the index.
        package var number: Int
        package var distance: Int
    }

    private let hashes: [PerceptualHash]
    private let radius: Int
    private let parts: [(shift: UInt64, mask: UInt64)]
    /// For each part, the numbers of the hashes by its value.
    private let tables: [[UInt64: [Int32]]]

    /// - Parameter radius: bits that may differ, 0...15.
    package init(_ hashes: [PerceptualHash], radius: Int) {
        precondition(0...Self.radiusMax ~= radius && hashes.count <= Int(Int32.max))
        self.hashes = hashes
        self.radius = radius
        let count = radius + 1
        let parts = (0..<count).map { part -> (shift: UInt64, mask: UInt64) in
            let start = 64 * part / count
            let width = 64 * (part + 1) / count - start
            return (UInt64(start), width == 64 ? .max : 1 << UInt64(width) - 1)
        }
        self.parts = parts
        tables = parts.map { part in
            Dictionary(grouping: hashes.indices.map { Int32($0) }) { hashes[Int($0)].bits >> part.shift & part.mask }
        }
    }

    /// The nearest hash within the radius, the first of equally near ones; nil where there is none.
    /// - Parameter isAlike: whether a hash counts, by its number.
    package func nearest(to hash: PerceptualHash, where isAlike: (Int) -> Bool = { _ in true }) -> Match? {
        var best: Match?
        for (part, table) in zip(parts, tables) {
            for number in table[hash.bits >> part.shift & part.mask] ?? [] {
                let match = Match(number: Int(number), distance: hashes[Int(number)].distance(hash))
                guard match.distance <= radius else { continue }
                if let found = best, (found.distance, found.number) <= (match.distance, match.number) { continue }
                guard isAlike(match.number) else { continue }
                best = match
            }
        }
        return best
    }
}
