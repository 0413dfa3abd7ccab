import MawsBase

/// Where every element of a stage's state lies in the two tensor files of a checkpoint.
///
/// `weights.safetensors` has every parameter in table order. `optimizer.safetensors` has, for each trainable block, the
/// first moments of its parameters (`<name>.first_moment`), then the second ones. So any range of elements of a block
/// and kind is one range of bytes.
struct CheckpointLayout: Sendable {
    enum File: String, CaseIterable, Sendable {
        case weights = "weights.safetensors"
        case optimizer = "optimizer.safetensors"
    }

    let table: BlockTable
    let weights: SafetensorsLayout
    let optimizer: SafetensorsLayout
    /// Elements before each block in its file; moments count both kinds.
    private let weightStarts: [Int]
    private let momentStarts: [Int]

    init(_ table: BlockTable) {
        self.table = table
        weights = SafetensorsLayout(table.blocks.flatMap { $0.entries.map { ($0.name, $0.shape) } })
        optimizer = SafetensorsLayout(
            table.blocks.filter(\.isTrainable).flatMap { block in
                block.entries.map { ("\($0.name).first_moment", $0.shape) }
                    + block.entries.map { ("\($0.name).second_moment", $0.shape) }
            })
        weightStarts = Self.starts(table.blocks.map(\.count))
        momentStarts = Self.starts(table.blocks.map { $0.isTrainable ? 2 * $0.count : 0 })
    }

    func file(_ file: File) -> SafetensorsLayout { file == .weights ? weights : optimizer }

    /// Every (block, kind) a checkpoint of this table holds.
    var parts: [(block: Int, kind: TensorKind)] {
        table.blocks.indices.flatMap { block in
            TensorKind.allCases.filter { $0 == .weight || table.blocks[block].isTrainable }.map { (block, $0) }
        }
    }

    /// The file and the offset in it of these elements; nil when the table has no such elements.
    func position(kind: TensorKind, block: Int, range: Range<Int>) -> (file: File, offset: Int)? {
        guard table.blocks.indices.contains(block) else { return nil }
        let elements = table.blocks[block].count
        guard range.lowerBound >= 0, range.upperBound <= elements else { return nil }
        switch kind {
        case .weight:
            return (.weights, weights.header.count + 4 * (weightStarts[block] + range.lowerBound))
        case .firstMoment, .secondMoment:
            guard table.blocks[block].isTrainable else { return nil }
            let start = momentStarts[block] + (kind == .secondMoment ? elements : 0)
            return (.optimizer, optimizer.header.count + 4 * (start + range.lowerBound))
        }
    }

    private static func starts(_ counts: [Int]) -> [Int] {
        var sum = 0
        return counts.map { count in
            defer { sum += count }
            return sum
        }
    }
}
