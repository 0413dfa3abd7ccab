import MawsPlan

/// The plan's model in a few words.
enum ModelText {
    static func image(_ model: ImageModelPlan) -> String {
        let input = "\(model.size) × \(model.size) \(model.channels == 1 ? "grey" : "RGB") images"
        return "\(size(model.preset, "ViT", model.width, model.depth, model.heads)), "
            + "patches of \(model.patch) × \(model.patch) in \(input)"
    }

    static func text(_ model: TextModelPlan) -> String {
        "\(size(model.preset, "XLM-R", model.width, model.depth, model.heads)), texts of up to \(model.context) tokens"
    }

    private static func size(_ preset: String?, _ kind: String, _ width: Int, _ depth: Int, _ heads: Int) -> String {
        let sizes = "\(width) wide, \(depth) deep, \(heads) heads"
        return preset.map { "\($0) (\(sizes))" } ?? "\(kind) \(sizes)"
    }
}
