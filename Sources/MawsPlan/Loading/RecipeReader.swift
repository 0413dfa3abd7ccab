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
}
