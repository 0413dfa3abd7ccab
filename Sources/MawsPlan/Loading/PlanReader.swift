import MawsBase

/// What the readers of a plan's parts need from outside the file.
struct PlanReader {
    /// More checkpoints than any disk has room for.
    private static let keptMax = 1_000_000

    var cores: Int
    var files: PlanFiles
    var overrides: PlanOverrides
    /// What a plan that names no precision computes with, from the folder of its run.
    var precisionDefault: (_ run: String) -> Precision = { _ in .fp32 }
    /// Token ids that the SentencePiece model at this path gives.
    var tokenizerSize: (String) throws -> Int

    func plan(_ root: PlanNode) throws(PlanError) -> Plan {
        let faults = root.faults
        let map = try fields(root, faults)
        let data = faults.read("data", orElse: []) { () throws(PlanError) in
            try dataSplits(map.required("data", "a map of splits, `train: {shards: …}` for instance"))
        }
        let model = models(map, data, faults)
        var plan = Plan(
            run: faults.read("run", orElse: "") { () throws(PlanError) in try run(map) },
            seed: faults.read("seed", orElse: 0) { () throws(PlanError) in try seed(map) },
            cluster: faults.read("cluster", orElse: localCluster()) { () throws(PlanError) in
                try cluster(map["cluster"])
            },
            data: data.map(\.plan), model: ModelPlan(image: model.image, text: model.text),
            precision: faults.read("precision", orElse: .fp32) { () throws(PlanError) in try precision(map) },
            stages: model.stages,
            checkpoint: faults.read("checkpoint", orElse: Self.checkpointDefault) { () throws(PlanError) in
                try checkpoint(map["checkpoint"])
            },
            wire: faults.read("wire", orElse: WirePlan(push: .fp32, gather: .fp32)) { () throws(PlanError) in
                try wire(map["wire"])
            },
            bitIdentity: faults.read("bit_identity", orElse: true) { () throws(PlanError) in
                try map.flag("bit_identity", default: true)
            })
        plan.access = faults.read("run_mode", orElse: nil) { () throws(PlanError) in
            try map["run_mode"]?.choice(of: RunAccess.self)
        }
        plan.computeProfile = faults.read("compute_profile", orElse: nil) { () throws(PlanError) in
            try computeProfile(map["compute_profile"])
        }
        try faults.check()
        plan.places = faults.places
        return plan
    }

    private func fields(_ root: PlanNode, _ faults: FaultLog) throws(PlanError) -> PlanMap {
        let all = try PlanMap(root, expected: "a map of fields, `run`, `data`, `model` and `stages` among them")
        return faults.read("", orElse: all) { () throws(PlanError) in
            let map = try PlanMap(root, expected: "a map of fields")
            try map.allow([
                "run", "seed", "cluster", "data", "model", "precision", "stages", "checkpoint", "wire", "bit_identity",
                "run_mode", "compute_profile",
            ])
            return map
        }
    }

    private func computeProfile(_ node: PlanNode?) throws(PlanError) -> String? {
        guard let node else { return nil }
        let expected =
            "a compute profile as a refused trainer says its own, `onednn; oneDNN 2.6.3; avx2; avx2` for instance"
        guard let profile = ComputeProfile(text: try node.text(expected)) else { throw node.wrong(expected) }
        return profile.description
    }

    private static let checkpointDefault = CheckpointPlan(everySeconds: 300, everySteps: nil, keep: 3)

    /// The models and the stages that use them.
    private func models(
        _ map: PlanMap, _ data: [SplitDraft], _ faults: FaultLog
    ) -> (image: ImageModelPlan, text: TextModelPlan?, stages: [StagePlan]) {
        let image = faults.read("model.image", orElse: .standIn) { () throws(PlanError) in try imageModel(map) }
        let hasText = faults.read("model", orElse: true) { () throws(PlanError) in try self.hasText(map) }
        let stages = faults.read("stages", orElse: []) { () throws(PlanError) in
            try StageListReader(splits: data, image: image, hasText: hasText, files: files)
                .stages(map.required("stages", "a list of stages, `- mae: {epochs: 2}` for instance"))
        }
        let text = faults.read("model.text", orElse: nil) { () throws(PlanError) in
            try textModel(map, image: image, splits: data, stages: stages)
        }
        return (image, text, stages)
    }

    private func run(_ map: PlanMap) throws(PlanError) -> String {
        if let run = overrides.run {
            if let problem = PathText.problem(run) {
                throw .conflict(map.place(of: "run"), problem: "`\(run)`, given by --run, \(problem)")
            }
            return run
        }
        return try map.required("run", "the folder of the run, `runs/first` for instance").path("a folder")
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
        guard let node else { return Self.checkpointDefault }
        let map = try PlanMap(node, expected: "a map of `every`, `steps` and `keep`")
        try map.allow(["every", "steps", "keep"])
        return CheckpointPlan(
            everySeconds: try map.seconds("every", default: 300),
            everySteps: try map["steps"]?.integer(1...StageReader.countMax),
            keep: try map.integer("keep", 1...Self.keptMax, default: 3))
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
