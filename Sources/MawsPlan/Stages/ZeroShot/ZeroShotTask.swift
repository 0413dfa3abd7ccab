import Yams

extension StageKind {
    package static let zeroshot = ZeroShotTask.kind
}

/// Zero-shot classification by prompts (Radford et al., 2021).
package struct ZeroShotTask: StageTask {
    package static let kind = StageKind(rawValue: "zeroshot")
    package static let trains = false
    package static let fields = ["from", "templates", "classes"]
    package static let standIn = ZeroShotTask(templates: "", classes: "")
    private static let templatesExpected = "a file with one prompt template a line"
    private static let classesExpected = "a file with one class a line"

    /// Files with one prompt template (`{}` stands for the class name) and one class (comma separated names) a line.
    package var templates: String
    package var classes: String

    package init(templates: String, classes: String) { (self.templates, self.classes) = (templates, classes) }

    package init(_ reader: StageReader, _ stage: inout StagePlan) throws(PlanError) {
        stage.from = try reader.source("from", of: [.lit]).name
        var together = FaultsTogether()
        let templates = together.read { () throws(PlanError) in
            try reader.file(
                "templates", Self.templatesExpected, remedy: "write one, with lines such as `a photo of a {}.`")
        }
        let classes = together.read { () throws(PlanError) in
            try reader.file(
                "classes", Self.classesExpected,
                remedy: "write one, with the names of a class in each line, separated by commas")
        }
        try together.check()
        guard let templates, let classes else { preconditionFailure("a file that was not read has no fault") }
        (self.templates, self.classes) = (templates, classes)
    }

    package var nodes: [(String, Node?)] { [("templates", .text(templates)), ("classes", .text(classes))] }

    package var needs: DataNeeds {
        var needs = DataNeeds()
        (needs.target, needs.templates, needs.classNames) = (.classes, templates, classes)
        return needs
    }

    package func inputs(of stage: StagePlan, in plan: Plan) -> [InputSpecification] { [.image(stage.image(in: plan))] }

    package func costParts(of stage: StagePlan, in plan: Plan) -> [StageCost.Part] {
        let image = stage.image(in: plan)
        return [StageCost.Part(ModelCost.imageForward(image), width: image.width)]
    }
}
