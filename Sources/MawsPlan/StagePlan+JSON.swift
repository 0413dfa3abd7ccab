/// A stage's fields and its task's beside each other, as they were before each kind had its own type.
extension StagePlan: Codable {
    private enum CodingKeys: String, CodingKey {
        case name, kind, from, weights, on, batch, unit, microBatch, epochs, steps, recipe, nonFiniteSkips
        case imageSize
        case evalCrop = "framing"
    }

    /// What earlier versions wrote of the fields of other kinds than the stage's. It is written still, so that the hash
    /// of a plan, which checkpoints hold, stays what it was. A kind that is added later has nothing here.
    private struct OtherKinds: Encodable {
        let maskRatio = 0.0
        let normalizesPixels = false
        let labelCount = 0
        let head = "mlp"
        let labelSmoothing = 0.0
        let penalty = 0.0
    }

    package init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        let kind = try fields.decode(StageKind.self, forKey: .kind)
        guard let type = StageKinds.task(kind) else {
            throw DecodingError.dataCorruptedError(
                forKey: .kind, in: fields, debugDescription: "there is no kind of stage named \(kind.rawValue)")
        }
        self.init(
            name: try fields.decode(String.self, forKey: .name), task: try type.init(from: decoder),
            on: try fields.decode(String.self, forKey: .on), batch: try fields.decode(Int.self, forKey: .batch),
            unit: try fields.decode(Int.self, forKey: .unit), epochs: try fields.decode(Double.self, forKey: .epochs),
            steps: try fields.decodeIfPresent(Int.self, forKey: .steps),
            recipe: try fields.decodeIfPresent(RecipePlan.self, forKey: .recipe))
        from = try fields.decodeIfPresent(String.self, forKey: .from)
        weights = try fields.decodeIfPresent(SourceWeights.self, forKey: .weights)
        imageSize = try fields.decodeIfPresent(Int.self, forKey: .imageSize)
        microBatch = try fields.decode(Int.self, forKey: .microBatch)
        nonFiniteSkips = try fields.decode(Int.self, forKey: .nonFiniteSkips)
        evalCrop = try fields.decode(ResizePlan.self, forKey: .evalCrop)
    }

    package func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: CodingKeys.self)
        try fields.encode(name, forKey: .name)
        try fields.encode(kind, forKey: .kind)
        try fields.encodeIfPresent(from, forKey: .from)
        try fields.encodeIfPresent(weights, forKey: .weights)
        try fields.encode(on, forKey: .on)
        try fields.encodeIfPresent(imageSize, forKey: .imageSize)
        try fields.encode(batch, forKey: .batch)
        try fields.encode(unit, forKey: .unit)
        try fields.encode(microBatch, forKey: .microBatch)
        try fields.encode(epochs, forKey: .epochs)
        try fields.encodeIfPresent(steps, forKey: .steps)
        try fields.encodeIfPresent(recipe, forKey: .recipe)
        try fields.encode(nonFiniteSkips, forKey: .nonFiniteSkips)
        try fields.encode(evalCrop, forKey: .evalCrop)
        try OtherKinds().encode(to: encoder)
        try task.encode(to: encoder)
    }
}
