import MawsBase

/// Where every element of a stage's state lies in the two tensor files of a checkpoint.
///
/// `weights.safetensors` has every parameter in table order. `optimizer.safetensors` has, for each trained block, slot
/// by slot, its parameters' (`<name>.exp_avg`), encoded as the table says; slots of 4 bytes lie before those of 2, and
/// these before those of 1. Before all of them lie the scales of 8-bit slots (`<name>.exp_avg_scale`). So any slice of
/// a part of a block is one range of bytes, and one more for its scales.
struct CheckpointLayout: Sendable {
    enum File: String, CaseIterable, Sendable {
        case weights = "weights.safetensors"
        case optimizer = "optimizer.safetensors"
    }

    /// A slot of a block, and where its scales and codes begin in the file, after the header.
    private struct SlotPlace {
        let block: Int
        /// Among the block's.
        let index: Int
        let layout: SlotLayout
        var scales = 0
        var codes = 0
    }

    let table: BlockTable
    let weights: SafetensorsLayout
    let optimizer: SafetensorsLayout
    /// Elements before each block in the file of weights.
    private let weightStarts: [Int]
    /// By block, in the order of its slots.
    private let slots: [[SlotPlace]]

    /// - Parameter format: of the manifest; 1 and 2 call AdamW's slots `first_moment` and `second_moment`.
    init(_ table: BlockTable, format: Int = CheckpointManifest.newestFormat) {
        self.table = table
        weights = SafetensorsLayout(table.blocks.flatMap { $0.entries.map { .init($0.name, .fp32, $0.shape) } })
        weightStarts = Self.starts(table.blocks.map(\.count))
        let inTableOrder = table.blocks.enumerated().flatMap { block, content in
            content.slots.enumerated().map { index, slot in
                SlotPlace(block: block, index: index, layout: SlotLayout(content, slot.encoding))
            }
        }
        var (placed, entries, end) = ([[SlotPlace]](repeating: [], count: table.blocks.count), [Entry](), 0)
        var inFileOrder = inTableOrder
        for (number, place) in inTableOrder.enumerated() where place.layout.encoding.hasScales {
            inFileOrder[number].scales = end
            entries += Self.scales(table.blocks[place.block], place, format)
            end += 4 * place.layout.groupCount(before: table.blocks[place.block].count)
        }
        for width in [4, 2, 1] {
            for (number, place) in inTableOrder.enumerated() where place.layout.encoding.codeWidth == width {
                inFileOrder[number].codes = end
                entries += Self.codes(table.blocks[place.block], place, format)
                end += width * table.blocks[place.block].count
            }
        }
        for place in inFileOrder { placed[place.block].append(place) }
        slots = placed
        optimizer = SafetensorsLayout(entries)
    }

    func file(_ file: File) -> SafetensorsLayout { file == .weights ? weights : optimizer }

    /// Every part of every block that a checkpoint of this table holds.
    var parts: [(block: Int, part: WeightPart)] {
        table.blocks.indices.flatMap { block in table.blocks[block].parts.map { (block, $0) } }
    }

    /// The file and the ranges of its bytes that hold a slice, in the order of the slice's encoding; nil when the table
    /// has no such elements.
    func position(part: WeightPart, block: Int, range: Range<Int>) -> (file: File, bytes: [Range<Int>])? {
        guard table.blocks.indices.contains(block) else { return nil }
        guard range.lowerBound >= 0, range.upperBound <= table.blocks[block].count else { return nil }
        switch part {
        case .weight:
            let start = weights.header.count + 4 * (weightStarts[block] + range.lowerBound)
            return (.weights, [start..<start + 4 * range.count])
        case .slot(let name):
            guard let index = table.blocks[block].slotIndex(name) else { return nil }
            return (.optimizer, bytes(slots[block][index], range))
        }
    }

    private func bytes(_ slot: SlotPlace, _ range: Range<Int>) -> [Range<Int>] {
        let (layout, width) = (slot.layout, slot.layout.encoding.codeWidth)
        let scales = optimizer.header.count + slot.scales + 4 * layout.groupCount(before: range.lowerBound)
        let codes = optimizer.header.count + slot.codes + width * range.lowerBound
        return [scales..<scales + 4 * layout.groupCount(range), codes..<codes + width * range.count]
    }

    private typealias Entry = SafetensorsLayout.Entry

    private static func codes(_ block: ParameterBlock, _ place: SlotPlace, _ format: Int) -> [Entry] {
        let type: SafetensorsLayout.ElementType =
            switch place.layout.encoding {
            case .fp32: .fp32
            case .bf16: .bf16
            case .int8, .uint8: .uint8
            }
        let name = name(block.slots[place.index], format)
        return block.entries.map { .init("\($0.name).\(name)", type, $0.shape) }
    }

    private static func scales(_ block: ParameterBlock, _ place: SlotPlace, _ format: Int) -> [Entry] {
        let name = name(block.slots[place.index], format)
        return block.entries.map {
            .init("\($0.name).\(name)_scale", .fp32, [place.layout.groupCount($0.range)])
        }
    }

    private static func name(_ slot: WeightSlot, _ format: Int) -> String {
        guard format < 3 else { return slot.name }
        return slot.rule == .gradientMean ? "first_moment" : "second_moment"
    }

    /// What comes before each.
    private static func starts(_ counts: [Int]) -> [Int] {
        var sum = 0
        return counts.map { count in
            sum += count
            return sum - count
        }
    }
}
