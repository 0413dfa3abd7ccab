extension TextModelPlan {
    /// Tokens of a caption: 100, as the paper's Appendix A has it, between `<s>` and `</s>`.
    package static let defaultContext = 102
    /// Pieces of XLM-R's own SentencePiece model with its special tokens (Conneau et al., 2020).
    private static let vocabularyXLMR = 250_002

    private static let sizes: [(name: String, depth: Int, width: Int, mlp: Int, heads: Int)] = [
        ("xlmr_base", 12, 768, 3072, 12),
        ("xlmr_large", 24, 1024, 4096, 16),
    ]

    /// Names of the presets, small to large.
    package static var presetNames: [String] { sizes.map(\.name) }

    /// The preset of this name for an image tower of this width; nil when there is none.
    package static func named(_ name: String, imageWidth: Int) -> TextModelPlan? {
        guard let size = sizes.first(where: { $0.name == name }) else { return nil }
        return TextModelPlan(
            preset: name, vocabulary: vocabularyXLMR, context: defaultContext, width: size.width, depth: size.depth,
            heads: size.heads, mlp: size.mlp, embedding: defaultEmbedding(imageWidth: imageWidth))
    }

    /// Width of the shared space in the paper's Appendix A: 512 for ViT-B, 768 for ViT-L, 1024 for ViT-H, 2048 for
    /// ViT-2B. Towers in between take that of the next larger one, larger ones ViT-2B's.
    package static func defaultEmbedding(imageWidth: Int) -> Int {
        switch imageWidth {
        case ...768: 512
        case ...1024: 768
        case ...1280: 1024
        default: 2048
        }
    }
}
