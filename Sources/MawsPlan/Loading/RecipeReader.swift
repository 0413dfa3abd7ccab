/// Reads the fields of a training stage that replace single values of its recipe's preset.
struct RecipeReader {
    let map: PlanMap
    /// Side of the model's images.
    let size: Int

    func recipe(_ preset: RecipePreset) throws(PlanError) -> RecipePlan {
        var recipe = preset.recipe
        let optimizer = try OptimizerReader(map)
        if !optimizer.isPresets { recipe.schedule.peak = OptimizerPlan.sgdRate }
        recipe.schedule = try schedule(recipe.schedule)
        recipe.optimizer = try optimizer.optimizer(recipe.optimizer)
        if let node = map["augment"] { recipe.augment = try AugmentReader(size: size).augment(node, recipe.augment) }
        return recipe
    }

    private func schedule(_ preset: SchedulePlan) throws(PlanError) -> SchedulePlan {
        SchedulePlan(
            shape: try map["schedule"]?.choice(of: SchedulePlan.Shape.self) ?? preset.shape,
            peak: try map.number("learning_rate", "a number above 0", default: preset.peak) { $0 > 0 },
            warmup: try map.number("warmup", "a share of the steps from 0 to 1", default: preset.warmup) {
                0...1 ~= $0
            })
    }

    /// MAE's decoder; 8 blocks of width 512 with 16 heads where the plan says nothing, as in the paper's Appendix A.
    /// - Parameter unit: images that the encoder computes at a time.
    func decoder(microBatch unit: Int) throws(PlanError) -> DecoderPlan {
        var decoder = DecoderPlan(width: 512, depth: 8, heads: 16)
        guard let node = map["decoder"] else { return decoder }
        let map = try PlanMap(node, expected: "a map of `width`, `depth`, `heads` and `micro_batch`")
        try map.allow(["width", "depth", "heads", "micro_batch"])
        decoder.width = try map.integer("width", 4...1 << 20, default: decoder.width)
        decoder.depth = try map.integer("depth", 1...1 << 20, default: decoder.depth)
        decoder.heads = try map.integer("heads", 1...1 << 20, default: decoder.heads)
        guard decoder.width % decoder.heads == 0 else {
            throw .conflict(
                map.place(of: "width"),
                problem: "\(decoder.width) is not a multiple of `heads`, which is \(decoder.heads)")
        }
        guard decoder.width % 4 == 0 else {
            throw .conflict(
                map.place(of: "width"),
                problem: "\(decoder.width) is not a multiple of 4, which the sine-cosine positions need")
        }
        decoder.microBatch = try map["micro_batch"]?.integer(1...1 << 20)
        if let size = decoder.microBatch, unit % size != 0 {
            throw .conflict(
                map.place(of: "micro_batch"),
                problem: "the \(unit) images that the encoder computes at a time are not a whole number of "
                    + "micro-batches of \(size)")
        }
        return decoder
    }
}
