extension ImageModelPlan {
    /// Depth, width, MLP width and heads of each preset, and its patch: ViT-B and larger are Table 1 of the paper
    /// (patch 16 up to ViT-L, 14 above), ViT-Ti and ViT-S are those of DeiT (Touvron et al., 2021), as in timm.
    private static let sizes: [(name: String, patch: Int, depth: Int, width: Int, mlp: Int, heads: Int)] = [
        ("vit_ti16", 16, 12, 192, 768, 3),
        ("vit_s16", 16, 12, 384, 1536, 6),
        ("vit_b16", 16, 12, 768, 3072, 12),
        ("vit_l16", 16, 24, 1024, 4096, 16),
        ("vit_h14", 14, 32, 1280, 5120, 16),
        ("vit_2b14", 14, 24, 2560, 10240, 32),
        ("vit_6.5b14", 14, 32, 4096, 16384, 32),
    ]

    /// Names of the presets, small to large.
    package static var presetNames: [String] { sizes.map(\.name) }

    /// The preset of this name at 224 × 224 pixels with three channels; nil when there is none.
    package static func named(_ name: String) -> ImageModelPlan? {
        guard let size = sizes.first(where: { $0.name == name }) else { return nil }
        return ImageModelPlan(
            preset: name, patch: size.patch, size: 224, channels: 3, width: size.width, depth: size.depth,
            heads: size.heads, mlp: size.mlp, mean: defaultMean(channels: 3), std: defaultStd(channels: 3))
    }

    /// What stands for a tower that cannot be read, while the rest of its plan is.
    static var standIn: ImageModelPlan {
        ImageModelPlan(
            preset: nil, patch: 16, size: 224, channels: 3, width: 768, depth: 12, heads: 12, mlp: 3072,
            mean: defaultMean(channels: 3), std: defaultStd(channels: 3))
    }

    /// ImageNet's mean for three channels, as the paper normalises its images; 0.5 for one.
    package static func defaultMean(channels: Int) -> [Float] {
        channels == 3 ? [0.485, 0.456, 0.406] : Array(repeating: 0.5, count: channels)
    }

    /// ImageNet's standard deviation for three channels; 0.5 for one.
    package static func defaultStd(channels: Int) -> [Float] {
        channels == 3 ? [0.229, 0.224, 0.225] : Array(repeating: 0.5, count: channels)
    }
}
