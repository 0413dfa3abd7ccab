internal import CVectorLoops
import MawsTensor

/// Elements of an elementwise piece: 64 KiB of fp32.
private let grain = 16384

extension ReferenceBackend {
    public func geluForward(_ y: FloatSlice, _ x: FloatSlice) {
        precondition(y.count == x.count)
        pool.forEachRange(of: y.count, grain: grain) { range in
            loops.gelu_forward(y.pointer + range.lowerBound, x.pointer + range.lowerBound, range.count)
        }
    }

    public func geluBackward(_ dx: FloatSlice, output y: FloatSlice?, _ dy: FloatSlice, _ x: FloatSlice) {
        precondition(dx.count == x.count && dy.count == x.count && y.map { $0.count == x.count } ?? true)
        pool.forEachRange(of: dx.count, grain: grain) { range in
            let start = range.lowerBound
            loops.gelu_backward(
                dx.pointer + start, y.map { $0.pointer + start }, dy.pointer + start, x.pointer + start, range.count)
        }
    }

    public func tanhForward(_ y: FloatSlice, _ x: FloatSlice) {
        precondition(y.count == x.count)
        pool.forEachRange(of: y.count, grain: grain) { range in
            loops.tanh_forward(y.pointer + range.lowerBound, x.pointer + range.lowerBound, range.count)
        }
    }

    public func tanhBackward(_ dx: FloatSlice, _ dy: FloatSlice, _ y: FloatSlice) {
        precondition(dx.count == y.count && dy.count == y.count)
        pool.forEachRange(of: dx.count, grain: grain) { range in
            let start = range.lowerBound
            loops.tanh_backward(dx.pointer + start, dy.pointer + start, y.pointer + start, range.count)
        }
    }

    public func add(_ y: FloatSlice, _ a: FloatSlice, _ b: FloatSlice) {
        precondition(y.count == a.count && y.count == b.count)
        pool.forEachRange(of: y.count, grain: grain) { range in
            let start = range.lowerBound
            loops.add(y.pointer + start, a.pointer + start, b.pointer + start, range.count)
        }
    }

    public func scale(_ y: FloatSlice, _ x: FloatSlice, by factor: Float) {
        precondition(y.count == x.count)
        pool.forEachRange(of: y.count, grain: grain) { range in
            loops.scale(y.pointer + range.lowerBound, x.pointer + range.lowerBound, factor, range.count)
        }
    }
}
