import MawsBase

/// Where every element of a stage's state lies in the two tensor files of a checkpoint.
///
/// `weights.safetensors` has every parameter in table order. `optimizer.safetensors` has, for each trainable block, the
/// first moments of its parameters (`<name>.first_moment`), then the second ones, as the table says that they are
/// kept; before all of them lie the scales of 8-bit moments (`<name>.first_moment_scale`) in the same order. So any
/// slice of a block and kind is one range of bytes, and one more for its scales.
struct CheckpointLayout: Sendable {
    enum File: String, CaseIterable, Sendable {
        case weights = "weights.safetensors"
        case optimizer = "optimizer.safetensors"
    }

    let table: BlockTable
    let weights: SafetensorsLayout
    let optimizer: SafetensorsLayout
    private let moments: [MomentLayout]
    /// Elements before each block in its file, and groups of moments before it; both count both moments.
    private let weightStarts: [Int]
    private let codeStarts: [Int]
    private let scaleStarts: [Int]

    init(_ table: BlockTable) {
        self.table = table
        let moments = table.blocks.map { MomentLayout($0, table.moments) }
        self.moments = moments
        weights = SafetensorsLayout(table.blocks.flatMap { $0.entries.map { .init($0.name, .fp32, $0.shape) } })
        let trained = table.blocks.indices.filter { table.blocks[$0].isTrainable }
        let scales = trained.flatMap { Self.scales(table.blocks[$0], moments[$0]) }
        let codes = trained.flatMap { Self.codes(table.blocks[$0], moments[$0]) }
        optimizer = SafetensorsLayout(scales + codes)
        weightStarts = Self.starts(table.blocks.map(\.count))
        codeStarts = Self.starts(table.blocks.map { $0.isTrainable ? 2 * $0.count : 0 })
        scaleStarts = Self.starts(
            zip(table.blocks, moments).map { $0.isTrainable ? 2 * $1.groupCount(before: $0.count) : 0 })
    }

    func file(_ file: File) -> SafetensorsLayout { file == .weights ? weights : optimizer }

    /// Every (block, kind) a checkpoint of this table holds.
    var parts: [(block: Int, kind: TensorKind)] {
        table.blocks.indices.flatMap { block in
            TensorKind.allCases.filter { $0 == .weight || table.blocks[block].isTrainable }.map { (block, $0) }
        }
    }

    /// The file and the ranges of its bytes that hold a slice, in the order of the slice's encoding; nil when the table
    /// has no such elements.
    func position(kind: TensorKind, block: Int, range: Range<Int>) -> (file: File, bytes: [Range<Int>])? {
        guard table.blocks.indices.contains(block) else { return nil }
        let elements = table.blocks[block].count
        guard range.lowerBound >= 0, range.upperBound <= elements else { return nil }
        switch kind {
        case .weight:
            let start = weights.header.count + 4 * (weightStarts[block] + range.lowerBound)
            return (.weights, [start..<start + 4 * range.count])
        case .firstMoment, .secondMoment:
            guard table.blocks[block].isTrainable else { return nil }
            return (.optimizer, momentBytes(block, range, isSecond: kind == .secondMoment))
        }
    }

    private func momentBytes(_ block: Int, _ range: Range<Int>, isSecond: Bool) -> [Range<Int>] {
        let (layout, width) = (moments[block], table.moments.codeWidth)
        let count = table.blocks[block].count
        let groups = layout.groupCount(before: range.lowerBound) + (isSecond ? layout.groupCount(before: count) : 0)
        let scales = optimizer.header.count + 4 * (scaleStarts[block] + groups)
        let codesStart = optimizer.header.count + 4 * scaleStarts[table.blocks.count]
        let codes = codesStart + width * (codeStarts[block] + (isSecond ? count : 0) + range.lowerBound)
        return [scales..<scales + 4 * layout.groupCount(range), codes..<codes + width * range.count]
    }

    private static func codes(_ block: ParameterBlock, _ layout: MomentLayout) -> [SafetensorsLayout.Entry] {
        let type: SafetensorsLayout.ElementType =
            switch layout.encoding {
            case .fp32: .fp32
            case .bf16: .bf16
            case .int8: .uint8
            }
        return ["first_moment", "second_moment"].flatMap { kind in
            block.entries.map { .init("\($0.name).\(kind)", type, $0.shape) }
        }
    }

    private static func scales(_ block: ParameterBlock, _ layout: MomentLayout) -> [SafetensorsLayout.Entry] {
        guard layout.encoding == .int8 else { return [] }
        return ["first_moment", "second_moment"].flatMap { kind in
            block.entries.map { .init("\($0.name).\(kind)_scale", .fp32, [layout.groupCount($0.range)]) }
        }
    }

    /// What comes before each, and the sum of all.
    private static func starts(_ counts: [Int]) -> [Int] {
        var sum = 0
        return [0]
            + counts.map { count in
                sum += count
                return sum
            }
    }
}
