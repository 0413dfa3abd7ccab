import Foundation
import MawsBase
import MawsDataTestSupport
import MawsImages
import MawsPlan
import MawsTensor
import Testing

/// Pixel loops of every instruction set that this machine has.
private let allLoops = ImageLoops.names.compactMap(ImageLoops.named)

@Suite struct ResizeTests {
    /// Pillow 13 took the vertical pass of one golden crop first, two pixels wide and 29 high.
    @Test func cropsAreTorchvisionsOnEveryInstructionSet() throws {
        let golden = try GoldenAugment.load()
        for loops in allLoops {
            let resizer = ImageResizer(loops: loops)
            for resize in golden.resizes {
                let crop = CropBox(x: resize.crop[0], y: resize.crop[1], width: resize.crop[2], height: resize.crop[3])
                resizer.resize(
                    golden.source(resize.channels),
                    ResizeGeometry(crop: crop, width: resize.size[0], height: resize.size[1]),
                    interpolation: resize.kernel)
                let distance = zip(resizer.image().pixels, resize.pixels).map { abs(Int($0) - Int($1)) }.max() ?? .max
                #expect(distance <= (crop.width == 2 ? 1 : 0), "\(resize.kernel) \(resize.crop)")
            }
        }
    }

    @Test func centralCropsOfTheShortSideAreTorchvisions() throws {
        let golden = try GoldenAugment.load()
        for view in golden.views {
            let source = PixelImage(width: view.width, height: view.height, channels: 3, pixels: [UInt8](view.source))
            let geometry = ImageTransform.central(
                width: source.width, height: source.height, shortSide: view.shortSide, size: golden.side)
            #expect(geometry.width == view.scaledWidth && geometry.height == view.scaledHeight)
            let resizer = ImageResizer()
            resizer.resize(source, geometry, interpolation: view.kernel)
            #expect(resizer.image().pixels == [UInt8](view.pixels), "\(view.width) x \(view.height)")
        }
    }

    @Test func croppedFlippedAndNormalisedPixelsAreTorchvisions() throws {
        let golden = try GoldenAugment.load()
        var model = Fixture.plan([]).model.image
        (model.size, model.channels, model.mean, model.std) = (golden.side, 3, golden.mean, golden.std)
        let box = golden.pipeline.crop
        // The crop is given: the image is cut to it, and the whole of that is resized.
        let source = golden.source(3)
        var rows: [UInt8] = []
        for row in box[1]..<box[1] + box[3] {
            let start = 3 * (row * source.width + box[0])
            rows += source.pixels[start..<start + 3 * box[2]]
        }
        let image = PixelImage(width: box[2], height: box[3], channels: 3, pixels: rows)
        let transform = try ImageTransform(
            model: model, resize: AugmentPlan(crop: nil, flip: true).resize,
            augment: AugmentPlan(crop: nil, flip: true),
            seed: 1, stage: "mae", stageIndex: 0)
        var seen: Set<[Float]> = []
        for slot in 0..<20 {
            let target = FloatBuffer(count: 3 * golden.side * golden.side)
            transform.apply(image, slot: UInt64(slot), into: target.pointer, with: ImageResizer())
            seen.insert(target.array)
        }
        #expect(seen == [golden.pipeline.plain.floats, golden.pipeline.flipped.floats])
    }
}

@Suite struct RandAugmentTests {
    @Test func operationsAreTorchvisionsOnEveryInstructionSet() throws {
        let golden = try GoldenAugment.load()
        for loops in allLoops {
            for one in golden.operations {
                let operation = try #require(ImageOperation(rawValue: one.operation))
                let result = operation.apply(to: golden.square(one.channels), strength: one.strength, loops: loops)
                #expect(result.pixels == [UInt8](one.pixels), "\(operation) \(one.strength), \(one.channels) channels")
            }
        }
        #expect(Set(golden.operations.map(\.operation)).count == ImageOperation.allCases.count)
    }

    @Test func strengthsAreTorchvisions() throws {
        let golden = try GoldenAugment.load()
        for one in golden.operations {
            let operation = try #require(ImageOperation(rawValue: one.operation))
            // torch.linspace rounds by the vector it computes: within a few units of fp32's last place.
            let strength = one.sign * operation.strength(one.magnitude, size: golden.side)
            #expect(abs(strength - one.strength) <= 1e-6 * abs(one.strength), "\(operation) \(one.magnitude)")
            #expect(operation.isSigned || one.sign == 1)
        }
    }

    @Test func imagesOfFewValuesAreTonedAsPillowDoes() throws {
        let golden = try GoldenAugment.load()
        for tone in golden.tones {
            let operation = try #require(ImageOperation(rawValue: tone.operation))
            let image = PixelImage(
                width: golden.side, height: golden.side, channels: 1, pixels: [UInt8](tone.source))
            #expect(operation.apply(to: image, strength: tone.strength).pixels == [UInt8](tone.pixels), "\(operation)")
        }
    }
}

@Suite struct AugmentDrawTests {
    @Test func erasingIsTorchvisions() throws {
        let erased = try GoldenAugment.load().mixing
        let image = FloatBuffer(Array(erased.batch.floats.prefix(256)))
        let box = CropBox(
            x: erased.erased.box[0], y: erased.erased.box[1], width: erased.erased.box[2], height: erased.erased.box[3])
        RandomErasing.erase(box, in: image.pointer, channels: 1, size: 16)
        #expect(image.array == erased.erased.pixels.floats)
    }

    @Test func cropsAreSpreadAsTorchvisionSpreadsThem() throws {
        for golden in try GoldenAugment.load().draws.crops {
            let crop = try RandomResizedCrop(CropPlan(scale: golden.scale, ratio: golden.ratio), stage: "mae")
            let boxes = (0..<20000).map { slot in
                var random = CounterRandom(seed: 3, purpose: .crop, element: UInt64(slot))
                return crop.box(width: 500, height: 375, random: &random)
            }
            let area = statistics(boxes.map { Double($0.width * $0.height) / (500 * 375) })
            let ratio = statistics(boxes.map { log(Double($0.width) / Double($0.height)) })
            // Four standard errors of the difference of two means of 20000.
            let allowed = 4 * (2.0 / 20000).squareRoot()
            #expect(abs(area.mean - golden.area) < allowed * golden.areaStd)
            #expect(abs(ratio.mean - golden.logRatio) < allowed * golden.logRatioStd)
            #expect(abs(area.std / golden.areaStd - 1) < 0.03)
            #expect(abs(ratio.std / golden.logRatioStd - 1) < 0.03)
            let left = statistics(boxes.map { Double($0.x) / Double(max(500 - $0.width, 1)) })
            #expect(abs(left.mean - golden.left) < 0.02)
        }
    }

    @Test func sharesFollowTheBetaDistribution() throws {
        for golden in try GoldenAugment.load().draws.betas {
            let beta = BetaDistribution(alpha: golden.alpha)
            let values = (0..<20000).map { element in
                var random = CounterRandom(seed: 4, purpose: .mix, element: UInt64(element))
                return beta.draw(&random)
            }
            let drawn = statistics(values)
            #expect(values.allSatisfy { (0...1).contains($0) })
            #expect(abs(drawn.mean - 0.5) < 0.015, "alpha \(golden.alpha)")
            #expect(abs(drawn.std / golden.std - 1) < 0.03, "alpha \(golden.alpha)")
            for (limit, share) in [(0.1, golden.belowTenth), (0.25, golden.belowQuarter)] {
                #expect(abs(Double(values.count { $0 < limit }) / 20000 - share) < 0.012, "alpha \(golden.alpha)")
            }
        }
    }

    @Test func rectanglesAreErasedAsOftenAndAsLargeAsThePlanSays() {
        let erasing = RandomErasing(ErasePlan(probability: 0.25))
        let boxes = (0..<20000).compactMap { slot in
            erasing.box(size: 224, random: CounterRandom(seed: 5, purpose: .erase, element: UInt64(slot)))
        }
        #expect(abs(Double(boxes.count) / 20000 - 0.25) < 0.012)
        let areas = statistics(boxes.map { Double($0.width * $0.height) / (224 * 224) })
        #expect(abs(areas.mean - 0.175) < 0.01)
        #expect(boxes.allSatisfy { $0.x + $0.width <= 224 && $0.y + $0.height <= 224 })
    }

    private func statistics(_ values: [Double]) -> (mean: Double, std: Double) {
        let mean = values.reduce(0, +) / Double(values.count)
        let square = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count)
        return (mean, square.squareRoot())
    }
}
