import MawsBase
import MawsOptimizer
import MawsTensor

/// The state of a table of one block, updated as a server updates it.
struct TestState: Equatable {
    let table: BlockTable
    var weights: [Float]
    /// As they are kept.
    var first: [UInt8]
    var second: [UInt8]

    private var layout: MomentLayout { MomentLayout(table.blocks[0], table.moments) }

    init(_ table: BlockTable, weights: [Float]) {
        self.table = table
        self.weights = weights
        let layout = MomentLayout(table.blocks[0], table.moments)
        first = [UInt8](repeating: 0, count: layout.byteCount(0..<weights.count))
        second = first
    }

    /// One step, slice by slice; each slice's next weights take the place of its gradient.
    mutating func update(
        _ optimizer: AdamW, step: Int, rate: Double, clip: Double = 1, _ gradient: [Float], sliceLength: Int? = nil
    ) {
        let layout = layout
        let old = weights
        var next = gradient
        first.withUnsafeMutableBytes { first in
            second.withUnsafeMutableBytes { second in
                let moments = MomentSlice(
                    layout, slice: 0..<old.count, first: first.baseAddress!, second: second.baseAddress!)
                for start in stride(from: 0, to: old.count, by: sliceLength ?? old.count) {
                    let range = start..<min(start + (sliceLength ?? old.count), old.count)
                    old.withUnsafeBufferPointer { old in
                        next.withUnsafeMutableBufferPointer { next in
                            let next = next.baseAddress! + start
                            optimizer.update(
                                0, of: table, range: range, step: StepIndex(UInt64(step)), learningRate: rate,
                                clipScale: clip, weights: old.baseAddress! + start, gradient: next, next: next,
                                moments: moments)
                        }
                    }
                }
            }
        }
        weights = next
    }

    /// A moment's numbers.
    func decoded(_ kind: TensorKind) -> [Float] {
        let bytes = kind == .firstMoment ? first : second
        let map = (kind == .firstMoment ? DynamicMap.signed : .unsigned).values
        return bytes.withUnsafeBytes { bytes in
            (0..<weights.count).map { element in
                let code = layout.codeBytes(of: element..<element + 1, in: 0..<weights.count).lowerBound
                let group = layout.groupCount(before: element + 1) - 1
                switch table.moments {
                case .fp32: return bytes.loadUnaligned(fromByteOffset: code, as: Float.self)
                case .bf16:
                    let half = bytes.loadUnaligned(fromByteOffset: code, as: UInt16.self)
                    return Float(bitPattern: UInt32(half) << 16)
                case .int8:
                    return map[Int(bytes[code])] * bytes.loadUnaligned(fromByteOffset: 4 * group, as: Float.self)
                }
            }
        }
    }
}
