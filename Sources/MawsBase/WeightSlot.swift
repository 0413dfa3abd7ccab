/// What servers and checkpoints keep of every trained weight beside the weight itself, from step to step: a moment, a
/// momentum, an average. Frozen weights have none.
package struct WeightSlot: Hashable, Codable, Sendable {
    /// Letters of names in files and messages at most.
    package static let nameLengthMax = 32

    /// Unique in its block, and the end of its tensors' names in a checkpoint: PyTorch's `exp_avg`, `exp_avg_sq` and
    /// `momentum_buffer`, and `ema`.
    package var name: String
    package var encoding: SlotEncoding
    package var rule: SlotRule

    package init(_ name: String, _ encoding: SlotEncoding, _ rule: SlotRule) {
        self.name = name
        self.encoding = encoding
        self.rule = rule
    }

    /// Name of the moving average of weights.
    package static let averageName = "ema"
}

/// What a slot is of, and so how a step makes its next version. What belongs to a rule, factors for instance, is the
/// optimizer's.
package enum SlotRule: String, Codable, Hashable, CaseIterable, Sendable {
    /// AdamW's running mean of the gradient.
    case gradientMean = "gradient-mean"
    /// AdamW's running mean of the gradient's square.
    case squareMean = "square-mean"
    /// SGD's decaying sum of gradients.
    case momentum
    /// The exponential moving average of the weight.
    case weightAverage = "weight-average"

    /// Whether it is zero in version 0 of a stage; an average begins as a copy of the weight.
    package var startsAtZero: Bool { self != .weightAverage }

    /// The encodings that there are loops for.
    package var encodings: [SlotEncoding] {
        switch self {
        case .gradientMean, .momentum: [.fp32, .bf16, .int8]
        case .squareMean: [.fp32, .bf16, .uint8]
        case .weightAverage: [.fp32]
        }
    }
}

/// How the elements of a slot are kept. Part of the result's definition.
package enum SlotEncoding: String, Codable, Hashable, CaseIterable, Sendable {
    /// Single precision.
    case fp32
    /// bfloat16, rounded at random so that small changes are not lost on average.
    case bf16
    /// 8 bits as in 8-bit Adam (Dettmers et al., "8-bit Optimizers via Block-wise Quantization", ICLR 2022): a code of
    /// the dynamic map with signs for each element, and the largest magnitude of each group of at most 256.
    case int8
    /// The same with the map of numbers from 0 on.
    case uint8

    /// Bytes of one element's code.
    package var codeWidth: Int {
        switch self {
        case .fp32: 4
        case .bf16: 2
        case .int8, .uint8: 1
        }
    }

    /// Whether codes are of a map, to be multiplied by their group's scale.
    package var hasScales: Bool { codeWidth == 1 }
}

/// One of the tensors that servers and checkpoints keep of a weight: itself, or the slot of this name.
package enum WeightPart: Hashable, Sendable, CustomStringConvertible {
    case weight
    case slot(String)

    package var description: String {
        switch self {
        case .weight: "weight"
        case .slot(let name): name
        }
    }
}
