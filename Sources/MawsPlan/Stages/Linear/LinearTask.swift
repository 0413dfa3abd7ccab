import Yams

extension StageKind {
    package static let linear = LinearTask.kind
}

/// The linear probe: logistic regression on frozen features.
package struct LinearTask: StageTask {
    package static let kind = StageKind(rawValue: "linear")
    package static let trains = false
    package static let fields = ["from", "fit_on", "penalty"]
    package static let standIn = LinearTask(fitOn: "")

    /// Split whose features it is fitted on.
    package var fitOn: String
    /// L2 penalty of the logistic regression on standardised features, at least 0.
    package var penalty: Double

    package init(fitOn: String, penalty: Double = 1) { (self.fitOn, self.penalty) = (fitOn, penalty) }

    package init(_ reader: StageReader, _ stage: inout StagePlan) throws(PlanError) {
        stage.from = try reader.source("from", of: [.wsp, .mae]).name
        fitOn = try reader.split("fit_on", default: "train").plan.name
        penalty = try reader.map.number("penalty", "a number of at least 0", default: 1) { $0 >= 0 }
    }

    package var nodes: [(String, Node?)] { [("fit_on", .text(fitOn)), ("penalty", .number(penalty))] }

    package var needs: DataNeeds {
        var needs = DataNeeds()
        (needs.fitOn, needs.target) = (fitOn, .classes)
        return needs
    }

    package func inputs(of stage: StagePlan, in plan: Plan) -> [InputSpecification] { [.image(stage.image(in: plan))] }

    package func costParts(of stage: StagePlan, in plan: Plan) -> [StageCost.Part] {
        let image = stage.image(in: plan)
        return [StageCost.Part(ModelCost.imageForward(image), width: image.width)]
    }
}
