/// Floating-point operations of one sample's forward pass, from a model's sizes alone.
///
/// Counted are the matrix products, a multiplication and an addition as two operations; norms, activations, softmax and
/// the optimizer are left out, as is usual. ViT-B/16 at 224 px comes to 35.1 GFLOP, the 17.6 G multiply-adds of the
/// literature (DeiT, Touvron et al., 2021, Table 5).
package enum ModelCost {
    /// Transformer blocks: four width × width products and two of the MLP a token, and two products of all pairs of
    /// tokens.
    package static func blocks(tokens: Int, width: Int, mlp: Int, depth: Int) -> Double {
        let (tokens, width, mlp) = (Double(tokens), Double(width), Double(mlp))
        let perToken = 4 * width * width + 2 * width * mlp
        return 2 * Double(depth) * (tokens * perToken + 2 * tokens * tokens * width)
    }

    /// The image tower over `patches` patches and the class token; all patches of an image unless MAE hides some.
    package static func imageForward(_ model: ImageModelPlan, patches: Int? = nil) -> Double {
        let patches = patches ?? model.patchCount
        return product(patches, model.patchLength, model.width)
            + blocks(tokens: patches + 1, width: model.width, mlp: model.mlp, depth: model.depth)
    }

    /// The text tower over a caption that fills the context.
    package static func textForward(_ model: TextModelPlan) -> Double {
        blocks(tokens: model.context, width: model.width, mlp: model.mlp, depth: model.depth)
    }

    /// MAE's decoder: its embedding of the visible tokens, its blocks over all, its prediction of the patches.
    package static func decoderForward(_ decoder: DecoderPlan, image: ImageModelPlan, visible: Int) -> Double {
        product(visible + 1, image.width, decoder.width)
            + blocks(
                tokens: image.patchCount + 1, width: decoder.width, mlp: 4 * decoder.width, depth: decoder.depth)
            + product(image.patchCount, decoder.width, image.patchLength)
    }

    /// A product of a rows × inner and an inner × columns matrix.
    static func product(_ rows: Int, _ inner: Int, _ columns: Int) -> Double {
        2 * Double(rows) * Double(inner) * Double(columns)
    }
}

extension ImageModelPlan {
    /// Parameters of the image tower without any head, as in Table 1 of the paper.
    package var parameterCount: Int {
        let embedding = patchLength * width + width + width + (patchCount + 1) * width
        let attention = 4 * width * width + 4 * width
        let layers = 2 * width * mlp + mlp + width
        return embedding + depth * (attention + layers + 4 * width) + 2 * width
    }
}
