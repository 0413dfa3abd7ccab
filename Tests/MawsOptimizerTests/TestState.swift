import MawsBase
import MawsOptimizer
import MawsTensor

/// The state of a table of one block, updated as a server updates it.
struct TestState: Equatable {
    let table: BlockTable
    var weights: [Float]
    /// By slot, as they are kept.
    private(set) var slots: [[UInt8]]

    private var block: ParameterBlock { table.blocks[0] }

    /// At the beginning: slots are zero, or a copy of the weights.
    init(_ block: ParameterBlock, slots: [WeightSlot], weights: [Float]) {
        table = BlockTable(blocks: [block], slots: slots)
        self.weights = weights
        self.slots = slots.map { slot in
            slot.rule.startsAtZero
                ? [UInt8](repeating: 0, count: SlotLayout(block, slot.encoding).byteCount(0..<weights.count))
                : weights.withUnsafeBytes(Array.init)
        }
    }

    /// One step, slice by slice; each slice's next weights take the place of its gradient.
    mutating func update(
        _ optimizer: WeightUpdate, step: Int, rate: Double, clip: Double = 1, _ gradient: [Float],
        sliceLength: Int? = nil
    ) {
        let (old, length) = (weights, sliceLength ?? weights.count)
        var next = gradient
        let memories = slots.map { bytes in
            let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 64)
            memory.copyBytes(from: bytes)
            return memory
        }
        defer { for memory in memories { memory.deallocate() } }
        let slices = zip(block.slots, memories).map {
            SlotSlice($0, of: block, slice: 0..<old.count, memory: $1.baseAddress!)
        }
        for start in stride(from: 0, to: old.count, by: length) {
            let range = start..<min(start + length, old.count)
            old.withUnsafeBufferPointer { old in
                next.withUnsafeMutableBufferPointer { next in
                    let next = next.baseAddress! + start
                    optimizer.update(
                        0, of: table, range: range, step: StepIndex(UInt64(step)), learningRate: rate, clipScale: clip,
                        weights: old.baseAddress! + start, gradient: next, next: next, slots: slices)
                }
            }
        }
        weights = next
        slots = memories.map { Array($0) }
    }

    /// A slot as it is kept.
    func bytes(_ name: String) -> [UInt8] { block.slotIndex(name).map { slots[$0] } ?? [] }

    /// A slot's numbers.
    func decoded(_ name: String) -> [Float] {
        guard let index = block.slotIndex(name) else { return [] }
        let encoding = block.slots[index].encoding
        let layout = SlotLayout(block, encoding)
        let map = (encoding == .int8 ? DynamicMap.signed : .unsigned).values
        return slots[index].withUnsafeBytes { bytes in
            (0..<weights.count).map { element in
                let code = layout.codeBytes(of: element..<element + 1, in: 0..<weights.count).lowerBound
                let group = layout.groupCount(before: element + 1) - 1
                switch encoding {
                case .fp32: return bytes.loadUnaligned(fromByteOffset: code, as: Float.self)
                case .bf16:
                    let half = bytes.loadUnaligned(fromByteOffset: code, as: UInt16.self)
                    return Float(bitPattern: UInt32(half) << 16)
                case .int8, .uint8:
                    return map[Int(bytes[code])] * bytes.loadUnaligned(fromByteOffset: 4 * group, as: Float.self)
                }
            }
        }
    }
}
