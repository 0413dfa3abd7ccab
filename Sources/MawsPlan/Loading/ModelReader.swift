extension PlanReader {
    private static let imageFields = [
        "preset", "patch", "size", "channels", "width", "depth", "heads", "mlp", "mean", "std",
    ]
    private static let textFields = [
        "preset", "vocabulary", "context", "width", "depth", "heads", "mlp", "embedding",
    ]
    private static let sizeMax = 1 << 20
    private static let depthMax = 1 << 12
    private static let contextMax = 1 << 16

    /// Whether the plan describes a text tower.
    func hasText(_ root: PlanMap) throws(PlanError) -> Bool { try model(root)["text"] != nil }

    private func model(_ root: PlanMap) throws(PlanError) -> PlanMap {
        let map = try PlanMap(
            root.required("model", "a map, `{image: vit_b16}` for instance"),
            expected: "a map with `image` and, for lit, `text`")
        try map.allow(["image", "text"])
        return map
    }

    // MARK: Image tower

    func imageModel(_ root: PlanMap) throws(PlanError) -> ImageModelPlan {
        let node = try model(root).required("image", "a preset such as `vit_b16`, or a map of sizes")
        if node.scalar != nil { return try imagePreset(node) }
        let map = try PlanMap(node, expected: "a preset such as `vit_b16`, or a map of sizes")
        try map.allow(Self.imageFields)
        let preset = try map["preset"].map { node throws(PlanError) in try imagePreset(node) }
        let width = try size(map, "width", preset?.width)
        let channels = try map.integer("channels", 1...3, default: preset?.channels ?? 3)
        guard channels != 2 else {
            throw .wrongValue(map.place(of: "channels"), expected: "1 (grey) or 3 (colour)", found: "`2`")
        }
        let model = ImageModelPlan(
            preset: preset?.preset, patch: try size(map, "patch", preset?.patch),
            size: try size(map, "size", preset?.size), channels: channels, width: width,
            depth: try size(map, "depth", preset?.depth), heads: try size(map, "heads", preset?.heads),
            mlp: try size(map, "mlp", preset?.mlp ?? 4 * width),
            mean: try perChannel(map, "mean", ImageModelPlan.defaultMean(channels: channels)) { 0...1 ~= $0 },
            std: try perChannel(map, "std", ImageModelPlan.defaultStd(channels: channels)) {
                $0 > 0 && $0 <= 1
            })
        try check(model, map)
        return model
    }

    private func imagePreset(_ node: PlanNode) throws(PlanError) -> ImageModelPlan {
        let name = try node.text("a preset")
        guard let model = ImageModelPlan.named(name) else {
            throw node.wrong(presets(ImageModelPlan.presetNames, nearest: name))
        }
        return model
    }

    private func check(_ model: ImageModelPlan, _ map: PlanMap) throws(PlanError) {
        var together = FaultsTogether()
        _ = together.read { () throws(PlanError) in try divides(map, "size", model.size, "patch", model.patch) }
        _ = together.read { () throws(PlanError) in try divides(map, "width", model.width, "heads", model.heads) }
        _ = together.read { () throws(PlanError) in
            guard model.width % 4 != 0 else { return }
            throw .conflict(
                map.place(of: "width"),
                problem: "\(model.width) is not a multiple of 4, which the sine-cosine positions need")
        }
        try together.check()
    }

    private func perChannel(
        _ map: PlanMap, _ name: String, _ values: [Float], _ isAllowed: (Double) -> Bool
    ) throws(PlanError) -> [Float] {
        guard let node = map[name] else { return values }
        let range = name == "std" ? "above 0 and at most 1" : "from 0 to 1"
        let count = values.count == 1 ? "one number" : "\(values.count) numbers"
        let expected = "a list of \(count) \(range), white being 1 (of pixels up to 255, divide by 255)"
        return try node.numbers(expected, count: values.count) { $0.allSatisfy(isAllowed) }.map(Float.init)
    }

    // MARK: Text tower

    /// The text tower, nil where the plan has none. Its vocabulary is that of the tokenizer of the captions it learns
    /// from.
    func textModel(
        _ root: PlanMap, image: ImageModelPlan, splits: [SplitDraft], stages: [StagePlan]
    ) throws(PlanError) -> TextModelPlan? {
        guard let node = try model(root)["text"] else { return nil }
        let tokens = try tokenizerVocabulary(splits, stages)
        if node.scalar != nil {
            var preset = try textPreset(node, image)
            preset.vocabulary = tokens ?? preset.vocabulary
            return preset
        }
        let map = try PlanMap(node, expected: "a preset such as `xlmr_base`, or a map of sizes")
        try map.allow(Self.textFields)
        let preset = try map["preset"].map { node throws(PlanError) in try textPreset(node, image) }
        let width = try size(map, "width", preset?.width)
        let model = TextModelPlan(
            preset: preset?.preset, vocabulary: try size(map, "vocabulary", tokens ?? preset?.vocabulary),
            context: try map.integer(
                "context", 2...Self.contextMax, default: preset?.context ?? TextModelPlan.defaultContext),
            width: width, depth: try size(map, "depth", preset?.depth), heads: try size(map, "heads", preset?.heads),
            mlp: try size(map, "mlp", preset?.mlp ?? 4 * width),
            embedding: try size(
                map, "embedding", TextModelPlan.defaultEmbedding(imageWidth: image.width)))
        try divides(map, "width", model.width, "heads", model.heads)
        if let tokens, model.vocabulary < tokens {
            throw .conflict(
                map.place(of: "vocabulary"),
                problem: "\(model.vocabulary) is less than the \(tokens) tokens of the tokenizer; leave it out to take "
                    + "the tokenizer's")
        }
        return model
    }

    private func textPreset(_ node: PlanNode, _ image: ImageModelPlan) throws(PlanError) -> TextModelPlan {
        let name = try node.text("a preset")
        guard let model = TextModelPlan.named(name, imageWidth: image.width) else {
            throw node.wrong(presets(TextModelPlan.presetNames, nearest: name))
        }
        return model
    }

    /// Tokens of the tokenizer of the first split whose captions are learned, or else of the first split that has one.
    private func tokenizerVocabulary(_ splits: [SplitDraft], _ stages: [StagePlan]) throws(PlanError) -> Int? {
        let read = stages.first { $0.learnsCaptions }?.on
        let split = splits.first { $0.plan.name == read } ?? splits.first { $0.plan.tokenizer != nil }
        guard files.root != nil, let split, let path = split.plan.tokenizer else { return nil }
        do {
            return try tokenizerSize(files.resolved(path))
        } catch {
            throw .unusableFile(split.map.place(of: "tokenizer"), path: path, reason: sentence(error))
        }
    }

    // MARK: Sizes

    private func size(_ map: PlanMap, _ name: String, _ value: Int?) throws(PlanError) -> Int {
        let range = 1...(name == "depth" ? Self.depthMax : Self.sizeMax)
        if let value { return try map.integer(name, range, default: value) }
        return try map.required(name, "a whole number, or a `preset` that has it").integer(range)
    }

    private func divides(
        _ map: PlanMap, _ name: String, _ value: Int, _ part: String, _ count: Int
    ) throws(PlanError) {
        guard value % count == 0 else {
            throw .conflict(map.place(of: name), problem: "\(value) is not a multiple of `\(part)`, which is \(count)")
        }
    }

    private func presets(_ names: [String], nearest name: String) -> String {
        if let nearest = nearestName(to: name, among: names) { return "a preset such as `\(nearest)`" }
        return "one of the presets " + names.map { "`\($0)`" }.joined(separator: ", ") + ", or a map of sizes"
    }

    /// An error's own sentence, without the full stop, to stand inside another.
    private func sentence(_ error: any Error) -> String {
        let text = String(describing: error)
        return text.hasSuffix(".") ? String(text.dropLast()) : text
    }
}
