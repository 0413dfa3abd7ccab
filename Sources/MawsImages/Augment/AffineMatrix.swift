import MawsBase

/// (x, y) → (a x + b y + c, d x + e y + f).
struct AffineMatrix {
    private var (a, b, c) = (1.0, 0.0, 0.0)
    private var (d, e, f) = (0.0, 1.0, 0.0)

    init(_ a: Double, _ b: Double, _ c: Double, _ d: Double, _ e: Double, _ f: Double) {
        (self.a, self.b, self.c, self.d, self.e, self.f) = (a, b, c, d, e, f)
    }

    /// What turns an image of this size counter-clockwise about its centre.
    init(rotation degrees: Double, width: Int, height: Int) {
        let (cosine, sine) = PortableMath.cosineAndSine(-degrees * .pi / 180)
        let (x, y) = (Double(width) / 2, Double(height) / 2)
        self.init(cosine, sine, x - cosine * x - sine * y, -sine, cosine, y + sine * x - cosine * y)
    }

    /// For the middles of pixels, rounded as Pillow does (`affine_fixed` in `Geometry.c`).
    var fixedPoint: [Int32] {
        [a, b, c + a / 2 + b / 2, d, e, f + d / 2 + e / 2].map { Int32(($0 * 65536 + 0.5).rounded(.down)) }
    }
}
