/// How the elements of a parameter are drawn before the first step.
package enum Initializer: Hashable, Codable, Sendable {
    case zeros
    case ones
    case constant(Float)
    /// Normal with this standard deviation, cut at two standard deviations.
    case truncatedNormal(Float)
    /// Normal with this standard deviation.
    case normal(Float)
    /// Uniform in ±sqrt(6 / (fanIn + fanOut)), as facebookresearch/mae initialises its linear layers.
    case xavierUniform(fanIn: Int, fanOut: Int)
    /// The fixed two-dimensional sine-cosine table of facebookresearch/mae, with a zero row first for the class token.
    case sineCosine(gridSide: Int)
}

/// One parameter inside a block's flat buffer.
package struct ParameterEntry: Hashable, Codable, Sendable {
    /// Name as the reference implementation's state dictionary has it, `blocks.0.attn.qkv.weight` for instance.
    package var name: String
    package var shape: [Int]
    /// Elements before this parameter in the block.
    package var offset: Int
    /// Whether weight decay applies (not to biases, norms, tokens and position tables).
    package var decays: Bool
    /// Factor on the learning rate, 1 unless layer decay says otherwise.
    package var learningRateScale: Float
    package var initializer: Initializer

    package init(
        name: String, shape: [Int], offset: Int, decays: Bool, learningRateScale: Float = 1, initializer: Initializer
    ) {
        self.name = name
        self.shape = shape
        self.offset = offset
        self.decays = decays
        self.learningRateScale = learningRateScale
        self.initializer = initializer
    }

    package var count: Int { shape.reduce(1, *) }
    package var range: Range<Int> { offset..<offset + count }
}

/// The flat buffer of one group of parameters that is used together: the grain of gathering, pushing and releasing.
package struct ParameterBlock: Hashable, Codable, Sendable {
    package var name: String
    /// A frozen block is gathered, never pushed or updated.
    package var isTrainable: Bool
    package var entries: [ParameterEntry]
    /// What is kept of each of its weights beside the weight; nothing where it is frozen.
    package var slots: [WeightSlot]

    package init(name: String, isTrainable: Bool, entries: [ParameterEntry], slots: [WeightSlot] = []) {
        self.name = name
        self.isTrainable = isTrainable
        self.entries = entries
        self.slots = slots
    }

    /// Elements in the block. Entries lie back to back.
    package var count: Int { entries.last.map { $0.offset + $0.count } ?? 0 }

    /// The entry of this name. Traps when there is none: names are fixed by the model that made the table.
    package func entry(_ name: String) -> ParameterEntry {
        guard let entry = entries.first(where: { $0.name == name }) else {
            preconditionFailure("block \(self.name) has no parameter \(name)")
        }
        return entry
    }

    /// All that is kept of it: the weight, then its slots.
    package var parts: [WeightPart] { [.weight] + slots.map { .slot($0.name) } }

    /// Those that a restore of this version brings. A new state's slots are zero already.
    package func restoredParts(at step: StepIndex) -> [WeightPart] {
        let restored = step.value > 0 ? slots : slots.filter { !$0.rule.startsAtZero }
        return [.weight] + restored.map { .slot($0.name) }
    }

    /// A slot's place among the block's; nil when it has none of this name.
    package func slotIndex(_ name: String) -> Int? { slots.firstIndex { $0.name == name } }

    /// Bytes of a slice of one of the parts, as it is kept, sent and stored; the slice is cut where groups are. Nil for
    /// a slot that the block has not.
    package func byteCount(_ part: WeightPart, slice: Range<Int>) -> Int? {
        switch part {
        case .weight: return 4 * slice.count
        case .slot(let name):
            guard let index = slotIndex(name) else { return nil }
            return SlotLayout(self, slots[index].encoding).byteCount(slice)
        }
    }
}

/// The static table of every parameter of a stage's model, and of what is kept of each. Server, optimizer, checkpoint,
/// wire and model read this one.
package struct BlockTable: Hashable, Codable, Sendable {
    /// In forward order.
    package var blocks: [ParameterBlock]

    /// - Parameter slots: of every trained block; nil: blocks keep those that they have.
    package init(blocks: [ParameterBlock], slots: [WeightSlot]? = nil) {
        self.blocks = blocks
        guard let slots else { return }
        for index in blocks.indices { self.blocks[index].slots = blocks[index].isTrainable ? slots : [] }
    }

    package var parameterCount: Int { blocks.reduce(0) { $0 + $1.count } }
    package var trainableCount: Int { blocks.reduce(0) { $0 + ($1.isTrainable ? $1.count : 0) } }

    package func index(of blockName: String) -> Int? { blocks.firstIndex { $0.name == blockName } }
}

/// Builds a block entry by entry, keeping the offsets.
package struct BlockBuilder {
    private var block: ParameterBlock

    package init(_ name: String, isTrainable: Bool = true) {
        block = ParameterBlock(name: name, isTrainable: isTrainable, entries: [])
    }

    package mutating func add(_ name: String, _ shape: [Int], decays: Bool, _ initializer: Initializer) {
        block.entries.append(
            ParameterEntry(name: name, shape: shape, offset: block.count, decays: decays, initializer: initializer))
    }

    package func build() -> ParameterBlock { block }
}
