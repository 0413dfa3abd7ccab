import MawsBase

/// Weights as the run's gather encoding has them, by block, so that each version is encoded once: as far as a limit
/// allows. What does not fit is encoded for every gather.
package struct EncodedWeights {
    private struct Kept {
        var step: StepIndex
        var bytes: [UInt8]
    }

    private let limitBytes: Int
    private var kept: [Int: Kept] = [:]
    package private(set) var byteCount = 0

    package init(limitBytes: Int) { self.limitBytes = limitBytes }

    /// - Parameter step: of the version that is asked for; nil where all versions are the same.
    package func bytes(_ block: Int, step: StepIndex?) -> [UInt8]? {
        guard let found = kept[block], step.map({ $0 == found.step }) ?? true else { return nil }
        return found.bytes
    }

    /// In place of an older version of the block; a newer one stays.
    package mutating func keep(_ block: Int, step: StepIndex, _ bytes: [UInt8]) {
        if let old = kept[block] {
            guard old.step < step else { return }
            byteCount -= old.bytes.count
            kept[block] = nil
        }
        guard byteCount + bytes.count <= limitBytes else { return }
        byteCount += bytes.count
        kept[block] = Kept(step: step, bytes: bytes)
    }
}
