/// Manifests of checkpoints hold the table. Those of formats 1 and 2 say how AdamW's moments are kept, for all blocks;
/// newer ones name each block's slots.
extension BlockTable {
    private enum CodingKeys: String, CodingKey {
        case blocks, moments
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        let moments = try container.decodeIfPresent(MomentEncoding.self, forKey: .moments)
        self.init(
            blocks: try container.decode([ParameterBlock].self, forKey: .blocks),
            slots: moments.map(WeightSlot.adamw))
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(blocks, forKey: .blocks)
    }
}

extension ParameterBlock {
    private enum CodingKeys: String, CodingKey {
        case name, isTrainable, entries, slots
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            name: try container.decode(String.self, forKey: .name),
            isTrainable: try container.decode(Bool.self, forKey: .isTrainable),
            entries: try container.decode([ParameterEntry].self, forKey: .entries),
            slots: try container.decodeIfPresent([WeightSlot].self, forKey: .slots) ?? [])
    }
}
