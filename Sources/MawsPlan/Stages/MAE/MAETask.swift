import Yams

extension StageKind {
    package static let mae = MAETask.kind
}

/// Masked autoencoding (He et al., 2022): the paper's Table 10.
package struct MAETask: StageTask {
    package static let kind = StageKind(rawValue: "mae")
    package static let trains = true
    package static let fields = ["decoder", "mask_ratio", "norm_pix"]
    package static let recipes = [
        RecipePreset(
            name: "paper/mae", batch: 4096, shape: .cosine, peak: 2.4e-3, warmup: 0.05, weightDecay: 0.05, table: 10)
    ]
    package static let standIn = MAETask(decoder: .paper)

    package var decoder: DecoderPlan
    /// Share of patches hidden, above 0 and below 1.
    package var maskRatio: Double
    /// Whether the target is normalised patch by patch.
    package var normalizesPixels: Bool

    package init(decoder: DecoderPlan, maskRatio: Double = 0.75, normalizesPixels: Bool = true) {
        (self.decoder, self.maskRatio, self.normalizesPixels) = (decoder, maskRatio, normalizesPixels)
    }

    package init(_ reader: StageReader, _ stage: inout StagePlan) throws(PlanError) {
        decoder = try DecoderPlan(reader.map, microBatch: stage.microBatch)
        maskRatio = try reader.map.number("mask_ratio", "a share above 0 and below 1", default: 0.75) {
            0 < $0 && $0 < 1
        }
        normalizesPixels = try reader.map.flag("norm_pix", default: true)
        let image = reader.image(of: stage)
        let (patches, visible) = (image.patchCount, visiblePatches(image))
        guard visible > 0 && visible < patches else {
            throw .conflict(
                reader.map.place(of: "mask_ratio"),
                problem: "\(maskRatio.shortest) of the \(patches) patches of an image leaves "
                    + (visible == 0 ? "none visible" : "none to predict"))
        }
    }

    package var nodes: [(String, Node?)] {
        [("decoder", decoder.node), ("mask_ratio", .number(maskRatio)), ("norm_pix", .flag(normalizesPixels))]
    }

    package var needs: DataNeeds { DataNeeds() }

    package func inputs(of stage: StagePlan, in plan: Plan) -> [InputSpecification] { [.image(stage.image(in: plan))] }

    package func costParts(of stage: StagePlan, in plan: Plan) -> [StageCost.Part] {
        let image = stage.image(in: plan)
        let visible = visiblePatches(image)
        let forward = ModelCost.decoderForward(decoder, image: image, visible: visible)
        return [
            StageCost.Part(3 * ModelCost.imageForward(image, patches: visible), width: image.width),
            StageCost.Part(3 * forward, width: decoder.width),
        ]
    }

    /// Patches of an image that the encoder sees, as facebookresearch/mae rounds it.
    package func visiblePatches(_ image: ImageModelPlan) -> Int { Int(Double(image.patchCount) * (1 - maskRatio)) }
}

/// A stack of blocks that predicts the hidden patches.
package struct DecoderPlan: Codable, Hashable, Sendable {
    package var width: Int
    package var depth: Int
    package var heads: Int
    /// Images that it computes at a time; nil: those of the stage's micro-batch.
    package var microBatch: Int?

    package init(width: Int, depth: Int, heads: Int, microBatch: Int? = nil) {
        self.width = width
        self.depth = depth
        self.heads = heads
        self.microBatch = microBatch
    }

    /// 8 blocks of width 512 with 16 heads, as in the paper's Appendix A.
    static let paper = DecoderPlan(width: 512, depth: 8, heads: 16)

    /// The field `decoder` of a stage, the paper's where the plan says nothing.
    /// - Parameter unit: images that the encoder computes at a time.
    fileprivate init(_ stage: PlanMap, microBatch unit: Int) throws(PlanError) {
        self = .paper
        guard let node = stage["decoder"] else { return }
        let map = try PlanMap(node, expected: "a map of `width`, `depth`, `heads` and `micro_batch`")
        try map.allow(["width", "depth", "heads", "micro_batch"])
        width = try map.integer("width", 4...1 << 20, default: width)
        depth = try map.integer("depth", 1...1 << 12, default: depth)
        heads = try map.integer("heads", 1...1 << 20, default: heads)
        guard width % heads == 0 else {
            throw .conflict(
                map.place(of: "width"), problem: "\(width) is not a multiple of `heads`, which is \(heads)")
        }
        guard width % 4 == 0 else {
            throw .conflict(
                map.place(of: "width"),
                problem: "\(width) is not a multiple of 4, which the sine-cosine positions need")
        }
        microBatch = try map["micro_batch"]?.integer(1...1 << 20)
        if let size = microBatch, unit % size != 0 {
            throw .conflict(
                map.place(of: "micro_batch"),
                problem: "the \(unit) images that the encoder computes at a time are not a whole number of "
                    + "micro-batches of \(size)")
        }
    }

    fileprivate var node: Node {
        .map([
            ("width", .number(width)), ("depth", .number(depth)), ("heads", .number(heads)),
            ("micro_batch", microBatch.map(Node.number)),
        ])
    }
}
