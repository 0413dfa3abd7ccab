// swift-tools-version: 6.2
import PackageDescription

/// Every target builds in Swift 6 mode with warnings as errors; `Scripts/test` adds
/// `--explicit-target-dependency-import-check error`, which turns the layers below into a build failure when one is crossed.
let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .treatAllWarnings(as: .error),
]

let yams = Target.Dependency.product(name: "Yams", package: "Yams")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let arguments = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")

func library(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: settings)
}

func program(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .executableTarget(name: name, dependencies: [arguments, logging] + dependencies, swiftSettings: settings)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(
        name: name, dependencies: dependencies, resources: [.copy("Golden")], swiftSettings: settings)
}

func system(_ name: String, pkgConfig: String, package: String) -> Target {
    .systemLibrary(name: name, pkgConfig: pkgConfig, providers: [.apt([package])])
}

let base: [Target] = [
    system("COpenSSL", pkgConfig: "openssl", package: "libssl-dev"),
    system("CZstd", pkgConfig: "libzstd", package: "libzstd-dev"),
    system("COpenBLAS", pkgConfig: "openblas", package: "libopenblas-dev"),
    system("CZlib", pkgConfig: "zlib", package: "zlib1g-dev"),
    system("CWebP", pkgConfig: "libwebp", package: "libwebp-dev"),
    .target(name: "CCurl", linkerSettings: [.linkedLibrary("curl")]),
    .target(name: "CJPEG", linkerSettings: [.linkedLibrary("jpeg")]),
    .target(name: "CPNG", linkerSettings: [.linkedLibrary("png16")]),
    .target(
        name: "CSentencePiece",
        linkerSettings: [.linkedLibrary("sentencepiece"), .linkedLibrary("sentencepiece_train")]),
    .target(name: "CVectorLoops"),
    .target(name: "CImageLoops"),
    .target(name: "COneDNN", linkerSettings: [.linkedLibrary("dnnl")]),
    .target(name: "CChecksum"),
    library("MawsBase", ["CChecksum"]),
    library("MawsHash", ["COpenSSL"]),
]

let world: [Target] = [
    library("MawsTransport", ["MawsBase", "MawsWire", "COpenSSL"]),
    library("MawsFiles", ["MawsHash"]),
    library("MawsState", ["MawsBase", "MawsHash", "MawsFiles"]),
    library("MawsCheckpoint", ["MawsBase", "MawsHash", "MawsFiles"]),
    library("MawsDatabase", ["MawsBase", "MawsFiles", grdb]),
    library("MawsProcess", ["MawsBase", "MawsHash", arguments, logging]),
]

let messages: [Target] = [
    library("MawsCompression", ["MawsBase", "CZstd"]),
    library("MawsWire", ["MawsBase"]),
    library("MawsProtocol", ["MawsBase", "MawsHash", "MawsWire"]),
]

let domain: [Target] = [
    library("MawsTensor", ["MawsBase"]),
    library("MawsSum", ["MawsTensor"]),
    library("MawsKernels", ["MawsBase", "MawsTensor", "COpenBLAS", "COneDNN", "CVectorLoops"]),
    library("MawsPlan", ["MawsBase", yams]),
    library("MawsModel", ["MawsBase", "MawsTensor", "MawsSum", "MawsKernels", "MawsPlan"]),
    library("MawsOptimizer", ["MawsBase", "MawsTensor", "MawsPlan", "CVectorLoops"]),
    library(
        "MawsData",
        [
            "MawsBase", "MawsHash", "MawsTensor", "MawsPlan", "CCurl", "CImageLoops", "CJPEG", "CPNG", "CWebP",
            "CZlib", "CSentencePiece",
        ]),
    library(
        "MawsTraining", ["MawsBase", "MawsTensor", "MawsSum", "MawsKernels", "MawsModel", "MawsData", "MawsPlan"]),
]

let reports: [Target] = [
    library(
        "MawsRecords",
        [
            "MawsBase", "MawsHash", "MawsPlan", "MawsData", "MawsTraining", "MawsProtocol", "MawsFiles",
            "MawsCheckpoint",
        ]),
    library(
        "MawsReport",
        [
            "MawsBase", "MawsTensor", "MawsKernels", "MawsPlan", "MawsModel", "MawsData", "MawsTraining", "MawsFiles",
            "MawsWire", "MawsProtocol", "MawsCheckpoint", "MawsRecords",
        ]),
    library(
        "MawsForecast",
        [
            "MawsBase", "MawsTensor", "MawsKernels", "MawsPlan", "MawsOptimizer", "MawsData", "MawsTraining",
            "MawsWire", "MawsProtocol", "MawsTransport", "MawsState", "MawsDatabase", "MawsReport",
        ]),
]

let nodes: [Target] = [
    library(
        "MawsCoordinator",
        [
            "MawsBase", "MawsHash", "MawsKernels", "MawsTensor", "MawsPlan", "MawsWire", "MawsProtocol",
            "MawsTransport", "MawsFiles", "MawsCheckpoint", "MawsDatabase", "MawsOptimizer", "MawsModel", "MawsData",
            "MawsTraining", "MawsRecords", "MawsReport", "MawsForecast", "MawsProcess", logging,
        ]),
    library(
        "MawsServer",
        [
            "MawsBase", "MawsHash", "MawsTensor", "MawsSum", "MawsWire", "MawsProtocol", "MawsTransport",
            "MawsFiles", "MawsState", "MawsOptimizer", "MawsCompression", logging,
        ]),
    library(
        "MawsTrainer",
        [
            "MawsBase", "MawsHash", "MawsTensor", "MawsSum", "MawsKernels", "MawsPlan", "MawsWire", "MawsProtocol",
            "MawsTransport", "MawsFiles", "MawsCompression", "MawsModel", "MawsData", "MawsTraining", logging,
        ]),
    library("MawsTestSupport", ["MawsBase", "MawsTensor", "MawsKernels"]),
]

let programs: [Target] = [
    program(
        "maws",
        [
            "MawsBase", "MawsKernels", "MawsTensor", "MawsPlan", "MawsData", "MawsTraining", "MawsFiles", "MawsRecords",
            "MawsReport", "MawsForecast", "MawsProcess",
        ]),
    program(
        "maws-coord",
        [
            "MawsBase", "MawsPlan", "MawsWire", "MawsTransport", "MawsProcess", "MawsRecords", "MawsReport",
            "MawsCoordinator",
        ]),
    program("maws-ps", ["MawsBase", "MawsProcess", "MawsServer"]),
    program(
        "maws-bench",
        [
            "MawsBase", "MawsTensor", "MawsSum", "MawsKernels", "MawsPlan", "MawsModel", "MawsData", "MawsTraining",
            "MawsOptimizer", "MawsProcess",
        ]),
    program("maws-trainer", ["MawsBase", "MawsKernels", "MawsProcess", "MawsTrainer"]),
]

/// Built by `Scripts/fuzz` alone: without libFuzzer it has no main function.
let fuzzers: [Target] =
    Context.environment["MAWS_FUZZ"] == nil
    ? []
    : [
        .executableTarget(
            name: "maws-fuzz", dependencies: ["MawsData"], exclude: ["Seeds"],
            swiftSettings: settings + [.unsafeFlags(["-parse-as-library"])])
    ]

let testTargets: [Target] = [
    .target(name: "CAllocationCounter", path: "Tests/CAllocationCounter"),
    tests("MawsBaseTests", ["MawsBase", "CChecksum"]),
    tests("MawsKernelsTests", ["MawsBase", "MawsTensor", "MawsKernels", "MawsTestSupport", "CVectorLoops"]),
    tests(
        "MawsSumTests",
        ["MawsBase", "MawsTensor", "MawsSum", "MawsKernels", "MawsModel", "MawsProtocol", "MawsTraining"]),
    tests(
        "MawsTrainingTests",
        [
            "MawsBase", "MawsTensor", "MawsSum", "MawsKernels", "MawsPlan", "MawsModel", "MawsData", "MawsTraining",
            "MawsTestSupport", "CAllocationCounter",
        ]),
    tests(
        "MawsOptimizerTests",
        ["MawsBase", "MawsTensor", "MawsPlan", "MawsOptimizer", "MawsTestSupport", "CVectorLoops"]),
    tests("MawsDataTests", ["MawsBase", "MawsTensor", "MawsPlan", "MawsData", "MawsTestSupport"]),
    tests("MawsPlanTests", ["MawsBase", "MawsPlan"]),
    tests("MawsWireTests", ["MawsBase", "MawsWire", "MawsCompression"]),
    tests("MawsTransportTests", ["MawsBase", "MawsWire", "MawsTransport", "COpenSSL"]),
    tests("MawsStorageTests", ["MawsBase", "MawsHash", "MawsFiles", "MawsState", "MawsCheckpoint", "MawsDatabase"]),
    tests("MawsProtocolTests", ["MawsBase", "MawsWire", "MawsProtocol"]),
    tests(
        "MawsServerTests",
        [
            "MawsBase", "MawsTensor", "MawsWire", "MawsProtocol", "MawsTransport", "MawsCompression", "MawsOptimizer",
            "MawsState", "MawsServer", "CAllocationCounter", logging,
        ]),
    tests(
        "MawsTrainerTests",
        [
            "MawsBase", "MawsTensor", "MawsSum", "MawsKernels", "MawsPlan", "MawsWire", "MawsProtocol",
            "MawsTransport", "MawsCompression", "MawsModel", "MawsData", "MawsTraining", "MawsTrainer",
            "MawsTestSupport", logging,
        ]),
    tests(
        "MawsCoordinatorTests",
        [
            "MawsBase", "MawsHash", "MawsTensor", "MawsPlan", "MawsWire", "MawsProtocol", "MawsTransport", "MawsData",
            "MawsModel", "MawsOptimizer", "MawsTraining", "MawsFiles", "MawsCheckpoint", "MawsDatabase",
            "MawsProcess", "MawsRecords", "MawsReport", "MawsCoordinator", logging,
        ]),
    tests(
        "MawsReportTests",
        [
            "MawsBase", "MawsHash", "MawsTensor", "MawsPlan", "MawsProtocol", "MawsModel", "MawsData", "MawsTraining",
            "MawsCheckpoint", "MawsRecords", "MawsReport", "MawsForecast",
        ]),
    tests(
        "ClusterTests",
        [
            "MawsBase", "MawsKernels", "MawsPlan", "MawsData", "MawsState", "MawsCheckpoint", "MawsDatabase",
            "MawsTransport", "MawsWire", "MawsRecords", "MawsTraining", "MawsTestSupport",
        ]),
    tests("TidyTests", []),
]

let package = Package(
    name: "maws",
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    ],
    targets: base + messages + world + domain + reports + nodes + programs + fuzzers + testTargets,
    cxxLanguageStandard: .cxx17
)
