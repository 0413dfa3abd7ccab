/// What a model costs to hold and to compute, from its sizes alone.
public enum ModelCost {
    /// Floating-point operations (a multiplication and an addition count as two) of the matrix products of one image's
    /// forward pass through the image tower.
    public static func forward(_ model: ImageModelPlan, patches: Int) -> Double { fatalError("not yet") }
}
