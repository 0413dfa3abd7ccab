import Yams

extension StageKind {
    package static let linear = LinearTask.kind
}

/// The linear probe: logistic regression on frozen features.
package struct LinearTask: StageTask {
    package static let kind = StageKind(rawValue: "linear")
    package static let trains = false
    package static let fields = ["from", "train_split", "penalty"]
    package static let standIn = LinearTask(trainSplit: "")

    /// Split whose features it is fitted on.
    package var trainSplit: String
    /// L2 penalty of the logistic regression on standardised features, at least 0.
    package var penalty: Double

    private enum CodingKeys: String, CodingKey {
        case trainSplit = "fitOn"
        case penalty
    }

    package init(trainSplit: String, penalty: Double = 1) { (self.trainSplit, self.penalty) = (trainSplit, penalty) }

    package init(_ reader: StageReader, _ stage: inout StagePlan) throws(PlanError) {
        stage.from = try reader.source("from", of: [.wsp, .mae]).name
        trainSplit = try reader.split("train_split", default: "train").plan.name
        penalty = try reader.map.number("penalty", "a number of at least 0", default: 1) { $0 >= 0 }
    }

    package var nodes: [(String, Node?)] { [("train_split", .text(trainSplit)), ("penalty", .number(penalty))] }

    package var needs: DataNeeds {
        var needs = DataNeeds()
        (needs.trainSplit, needs.target) = (trainSplit, .classes)
        return needs
    }

    package func inputs(of stage: StagePlan, in plan: Plan) -> [InputSpecification] { [.image(stage.image(in: plan))] }

    package func costParts(of stage: StagePlan, in plan: Plan) -> [StageCost.Part] {
        let image = stage.image(in: plan)
        return [StageCost.Part(ModelCost.imageForward(image), width: image.width)]
    }
}
