import Yams

extension StageKind {
    package static let lit = LiTTask.kind
}

/// Locked-image tuning (Zhai et al., 2022) of a text tower on captions: the paper's Table 12.
package struct LiTTask: StageTask {
    package static let kind = StageKind(rawValue: "lit")
    package static let trains = true
    package static let learnsCaptions = true
    package static let sourceField = "image"
    package static let fields = ["image", "label_smoothing", "fixed_views"]
    package static let recipes = [
        RecipePreset(
            name: "paper/lit", batch: 32768, shape: .cosine, peak: 2e-4, warmup: 0.04, weightDecay: 0.1, table: 12)
    ]
    package static let standIn = LiTTask()
    private static let viewsMax = 1_000_000

    /// Share of a target that is spread evenly over all pairs of the batch, from 0 to below 1.
    package var labelSmoothing: Double
    /// Fixed views of each image, which take turns from epoch to epoch, so that the frozen tower sees each once; nil:
    /// every epoch draws a new crop and flip.
    package var fixedViews: Int?

    private enum CodingKeys: String, CodingKey {
        case labelSmoothing
        case fixedViews = "views"
    }

    package init(labelSmoothing: Double = 0.1, fixedViews: Int? = nil) {
        (self.labelSmoothing, self.fixedViews) = (labelSmoothing, fixedViews)
    }

    package init(_ reader: StageReader, _ stage: inout StagePlan) throws(PlanError) {
        let map = reader.map
        stage.from = try reader.source("image", of: [.wsp, .mae]).name
        labelSmoothing = try reader.labelSmoothing(default: 0.1)
        fixedViews = try map["fixed_views"]?.integer(1...Self.viewsMax)
        guard reader.list.hasText else {
            throw .conflict(
                map.place,
                problem: "a lit stage trains a text tower, and the plan has none; name one in `model.text`, "
                    + "`text: xlmr_base` for instance")
        }
        let split = try reader.split("on", default: "train")
        guard split.plan.tokenizer != nil else {
            throw .missingField(
                split.map.place(of: "tokenizer"),
                expected: "a SentencePiece model for the captions, for the lit stage `\(reader.name)`; "
                    + "`maws data tokenizer` trains one")
        }
    }

    package var nodes: [(String, Node?)] {
        [("label_smoothing", .number(labelSmoothing)), ("fixed_views", fixedViews.map(Node.number))]
    }

    package var needs: DataNeeds {
        var needs = DataNeeds()
        needs.fixedViews = fixedViews
        return needs
    }

    /// The frozen tower's features stand for the images whose views were seen before.
    package func inputs(of stage: StagePlan, in plan: Plan) -> [InputSpecification] {
        let image = stage.image(in: plan)
        return [.features(image), .image(image)] + (plan.model.text.map { [.text($0)] } ?? [])
    }

    package func costParts(of stage: StagePlan, in plan: Plan) -> [StageCost.Part] {
        let image = stage.image(in: plan)
        let frozen = StageCost.Part(ModelCost.imageForward(image), width: image.width, isKeptOfViews: true)
        guard let text = plan.model.text else { return [frozen] }
        let similarities = ModelCost.product(1, text.embedding, stage.batch)
        return [
            frozen, StageCost.Part(3 * ModelCost.textForward(text), width: text.width),
            StageCost.Part(3 * similarities, width: text.embedding),
        ]
    }

    /// The word table, of which a unit reads a row a token at most.
    package func sparseTable(of stage: StagePlan, in plan: Plan) -> StageCost.SparseTable? {
        plan.model.text.map { text in
            StageCost.SparseTable(
                count: text.vocabulary * text.width, readByUnit: stage.unit * text.context * text.width)
        }
    }
}
