import MawsTensor

/// A gradient, or the sum of several: every element, or the runs that are not zero, one after the other. A server's.
///
/// A word table's gradient stays in runs while it is added up, so that a unit costs what it has and not what the table
/// has. The sums are those of whole slices, bit for bit.
package struct PackedSum: Sendable {
    /// All elements, or those of the runs one after the other.
    package let values: FloatBuffer
    /// The runs; nil where every element is there.
    package let runs: Runs?

    package init(whole values: FloatBuffer) { (self.values, runs) = (values, nil) }

    package init(runs: Runs?, values: FloatBuffer) { (self.values, self.runs) = (values, runs) }

    /// This and the other, whose memory goes back.
    /// - Parameter count: elements of the slice.
    package func adding(
        _ other: PackedSum, count: Int, memory: some SumMemory, threads: some WholeAddition
    ) -> PackedSum {
        guard let own = runs, let others = other.runs, case let union = own.union(others),
            union.elementCount <= count / 2
        else {
            let (sum, added) = (whole(count, memory), other.whole(count, memory))
            threads.add(added, into: sum)
            memory.give(PackedSum(whole: added))
            return PackedSum(whole: sum)
        }
        let sum = PackedSum(runs: union, values: FloatBuffer(count: union.elementCount))
        // The parts of the union ascend, as its runs do in the packed sum.
        var next = sum.values.pointer
        SparseGradient.add(sparse(own, count), other.sparse(others, count)) { part in
            defer { next += part.count }
            return next
        }
        for used in [self, other] { memory.give(used) }
        memory.count(sum)
        return sum
    }

    /// Whether no element is an infinity or NaN.
    package var isFinite: Bool {
        let count = runs?.elementCount ?? values.count
        let bits = UnsafeRawPointer(values.pointer).assumingMemoryBound(to: UInt32.self)
        // The largest magnitude, as a number that is compared in vectors: infinities and NaN have all exponent bits.
        var largest: UInt32 = 0
        for index in 0..<count { largest = max(largest, bits[index] & 0x7FFF_FFFF) }
        return largest < 0x7F80_0000
    }

    /// Writes every element.
    /// - Parameter target: [count]
    package func write(to target: UnsafeMutablePointer<Float>, count: Int) {
        guard let runs else { return target.update(from: values.pointer, count: count) }
        target.update(repeating: 0, count: count)
        for piece in sparse(runs, count).pieces {
            (target + piece.range.lowerBound).update(from: piece.values.pointer, count: piece.values.count)
        }
    }

    /// The whole slice in memory of its own; the runs' memory goes back.
    private func whole(_ count: Int, _ memory: some SumMemory) -> FloatBuffer {
        if runs == nil { return values }
        let buffer = memory.takeAtOnce(count)
        write(to: buffer.pointer, count: count)
        memory.give(self)
        return buffer
    }

    private func sparse(_ runs: Runs, _ count: Int) -> SparseGradient {
        var end = 0
        let pieces = runs.ranges.map { run in
            defer { end += run.count }
            return SparseGradient.Piece(start: run.lowerBound, values: values.slice(end..<end + run.count))
        }
        return SparseGradient(count: count, pieces: pieces)
    }
}

/// Where a server's sums get their memory.
package protocol SumMemory {
    /// A buffer with any content, in place of other memory that is given soon.
    func takeAtOnce(_ count: Int) -> FloatBuffer
    /// Counts the memory of a sum that was not taken from here: of runs, whose sizes are never the same twice.
    func count(_ sum: PackedSum)
    /// Takes the memory of a sum that nobody needs any more.
    func give(_ sum: PackedSum)
}
