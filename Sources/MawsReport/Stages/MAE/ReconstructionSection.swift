import MawsImages
import MawsTraining

/// A strip of test images as the masked autoencoder saw them and as it completed them.
struct ReconstructionSection {
    let stage: String
    let outcome: Result<MAEReconstruction, ReconstructionFailure>

    func markup() -> Markup {
        switch outcome {
        case .failure(let failure):
            "<p class=\"note\">There are no reconstructions of \(stage): \(failure.reason)</p>\n"
        case .success(let images):
            """
            <div class="strip" style="--count:\(images.count)">
            \(row("original", images.original, images))\
            \(row("what the encoder saw", images.masked, images))\
            \(row("reconstructed", images.reconstructed, images))</div>
            <p class="note">Test images under the masks of stage \(stage), completed by its final weights. Visible \
            patches are the original's.</p>

            """
        }
    }

    private func row(_ title: String, _ pixels: [Float], _ images: MAEReconstruction) -> Markup {
        let tags = (0..<images.count).map { index -> Markup in
            guard let bytes = try? PNGEncoder.encode(Self.image(index, of: pixels, images)) else { return "" }
            return ImageTag.markup(bytes, mediaType: "image/png", alt: "\(title), image \(index + 1)")
        }
        return "<span class=\"label\">\(title)</span>\n\(tags)\n"
    }

    /// Planes of 0...1 as interleaved bytes; two channels or more than three show their first alone.
    private static func image(_ index: Int, of pixels: [Float], _ images: MAEReconstruction) -> PixelImage {
        let plane = images.size * images.size
        let channels = images.channels == 3 ? 3 : 1
        var bytes = [UInt8](repeating: 0, count: plane * channels)
        for channel in 0..<channels {
            let start = (index * images.channels + channel) * plane
            for pixel in 0..<plane {
                let value = pixels[start + pixel]
                bytes[pixel * channels + channel] = value.isFinite ? UInt8(max(0, min(255, value * 255 + 0.5))) : 0
            }
        }
        return PixelImage(width: images.size, height: images.size, channels: channels, pixels: bytes)
    }
}

/// Why a stage's reconstructions could not be made, as a sentence.
struct ReconstructionFailure: Error {
    var reason: String
}
