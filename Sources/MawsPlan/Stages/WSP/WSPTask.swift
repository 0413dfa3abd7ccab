import Yams

extension StageKind {
    package static let wsp = WSPTask.kind
}

/// Weakly supervised pretraining on hashtags: the paper's Tables 11 and 13.
package struct WSPTask: StageTask {
    package static let kind = StageKind(rawValue: "wsp")
    package static let trains = true
    package static let learnsLabels = true
    package static let fields = ["from", "labels", "head", "label_smoothing"]
    package static let recipes = [
        RecipePreset(
            name: "paper/wsp", batch: 8192, shape: .linear, peak: 4e-4, warmup: 0.05, weightDecay: 0.1, table: 11),
        RecipePreset(
            name: "paper/wsp-in21k", epochs: 90, batch: 4096, shape: .cosine, peak: 1e-3, warmup: 0.033,
            weightDecay: 0.1, clipNorm: 1, table: 13),
    ]
    /// What recipes put on the class token where that is not an `mlp`.
    private static let heads = ["paper/wsp-in21k": HeadKind.linear]
    package static let standIn = WSPTask(labelCount: 1)

    /// Hashtags in the split's vocabulary file.
    package var labelCount: Int
    /// What stands on the class token.
    package var head: HeadKind
    /// Share of a target that is spread evenly over all labels, from 0 to below 1.
    package var labelSmoothing: Double

    package init(labelCount: Int, head: HeadKind = .mlp, labelSmoothing: Double = 0) {
        (self.labelCount, self.head, self.labelSmoothing) = (labelCount, head, labelSmoothing)
    }

    package init(_ reader: StageReader, _ stage: inout StagePlan) throws(PlanError) {
        if reader.map["from"] != nil { stage.from = try reader.source("from", of: [.mae]).name }
        let split = try reader.split("on", default: "train")
        guard split.plan.vocabulary != nil else {
            throw .missingField(
                split.map.place(of: "vocabulary"),
                expected:
                    "a file with one hashtag a line, for the wsp stage `\(reader.name)`; `maws data pack` writes it "
                    + "next to the shards")
        }
        labelCount = try Self.labels(reader.map, split)
        head =
            try reader.map["head"]?.choice(of: HeadKind.self) ?? Self.heads[stage.recipe?.preset ?? ""] ?? .mlp
        labelSmoothing = try reader.labelSmoothing(default: 0)
    }

    /// Hashtags of the split's vocabulary, which a resolved plan spells out.
    private static func labels(_ map: PlanMap, _ split: SplitDraft) throws(PlanError) -> Int {
        guard let lines = split.labelCount else {
            return try map.required("labels", "the number of hashtags").integer(1...StageReader.countMax)
        }
        let labels = try map.integer("labels", 1...StageReader.countMax, default: lines)
        guard labels == lines else {
            throw .conflict(
                map.place(of: "labels"),
                problem: "\(labels) labels are not the \(lines) of the vocabulary file \(split.plan.vocabulary ?? ""); "
                    + "leave the field out to take those")
        }
        return labels
    }

    package var nodes: [(String, Node?)] {
        [
            ("labels", .number(labelCount)), ("head", .text(head.rawValue)),
            ("label_smoothing", .number(labelSmoothing)),
        ]
    }

    package var needs: DataNeeds {
        var needs = DataNeeds()
        needs.target = .labels(count: labelCount)
        return needs
    }

    package func inputs(of stage: StagePlan, in plan: Plan) -> [InputSpecification] { [.image(stage.image(in: plan))] }

    package func costParts(of stage: StagePlan, in plan: Plan) -> [StageCost.Part] {
        let image = stage.image(in: plan)
        let hidden = head == .mlp ? image.width : 0
        let head = ModelCost.product(1, image.width, hidden + labelCount)
        return [StageCost.Part(3 * (ModelCost.imageForward(image) + head), width: image.width)]
    }
}

/// What maps an image's features to labels.
package enum HeadKind: String, Codable, Hashable, CaseIterable, Sendable {
    /// Linear, Tanh, Linear, the first as wide as the tower (paper, Appendix A, as in SWAG).
    case mlp
    /// A single layer, as for ImageNet-21k (paper, Appendix A, Table 13).
    case linear
}
