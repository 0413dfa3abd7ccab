/// What the readers of a plan's parts need from outside the file.
struct PlanReader {
    var cores: Int
    var files: PlanFiles
    var overrides: PlanOverrides
    /// What a plan that names no precision computes with, from the folder of its run.
    var precisionDefault: (_ run: String) -> Precision = { _ in .fp32 }
    /// Token ids that the SentencePiece model at this path gives.
    var tokenizerSize: (String) throws -> Int

    func plan(_ root: PlanNode) throws(PlanError) -> Plan {
        let map = try PlanMap(root, expected: "a map of fields, `run`, `data`, `model` and `stages` among them")
        try map.allow([
            "run", "seed", "cluster", "data", "model", "precision", "stages", "checkpoint", "wire", "bit_identity",
        ])
        let data = try dataSplits(map.required("data", "a map of splits, `train: {shards: …}` for instance"))
        let image = try imageModel(map)
        let stages = try StageListReader(splits: data, image: image, hasText: hasText(map), files: files)
            .stages(map.required("stages", "a list of stages, `- mae: {epochs: 2}` for instance"))
        return Plan(
            run: try run(map), seed: try seed(map), cluster: try cluster(map["cluster"]), data: data.map(\.plan),
            model: ModelPlan(image: image, text: try textModel(map, image: image, splits: data, stages: stages)),
            precision: try precision(map), stages: stages, checkpoint: try checkpoint(map["checkpoint"]),
            wire: try wire(map["wire"]), bitIdentity: try map.flag("bit_identity", default: true))
    }

    private func run(_ map: PlanMap) throws(PlanError) -> String {
        if let run = overrides.run { return run }
        return try map.required("run", "the folder of the run, `runs/first` for instance").text("a folder")
    }

    private func precision(_ map: PlanMap) throws(PlanError) -> Precision {
        guard let node = map["precision"] else { return precisionDefault(try run(map)) }
        return try node.choice(of: Precision.self)
    }

    private func seed(_ map: PlanMap) throws(PlanError) -> UInt64 {
        let inFile = try map["seed"]?.integer(0...Int.max) ?? 0
        return overrides.seed ?? UInt64(inFile)
    }

    private func checkpoint(_ node: PlanNode?) throws(PlanError) -> CheckpointPlan {
        guard let node else { return CheckpointPlan(everySeconds: 300, everySteps: nil, keep: 3) }
        let map = try PlanMap(node, expected: "a map of `every`, `steps` and `keep`")
        try map.allow(["every", "steps", "keep"])
        return CheckpointPlan(
            everySeconds: try map.seconds("every", default: 300), everySteps: try map["steps"]?.integer(1...Int.max),
            keep: try map.integer("keep", 1...Int.max, default: 3))
    }

    private func wire(_ node: PlanNode?) throws(PlanError) -> WirePlan {
        guard let node else { return WirePlan(push: .fp32, gather: .fp32) }
        let map = try PlanMap(node, expected: "a map of `push` and `gather`")
        try map.allow(["push", "gather"])
        return WirePlan(
            push: try map["push"]?.choice(of: WirePlan.Encoding.self) ?? .fp32,
            gather: try map["gather"]?.choice(of: WirePlan.Encoding.self) ?? .fp32)
    }
}
