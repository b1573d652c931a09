using FedPlatform.Datasets;
using FedPlatform.Learning.Federation;
using TorchSharp;
using static TorchSharp.torch;

namespace FedPlatform.Learning.Algorithms.FedLoGe;

/// <summary>
/// FedLoGe (ICLR 2024): joint local and generic federated learning under long-tailed data. Per batch, with z = θ(x) computed once:
/// CE(W_S z, y) trains θ through the frozen sparse ETF; CE(ψ(z), y) trains the global auxiliary head and CE(φ_k(z), y) the local
/// one, both on detached z. θ and ψ are uploaded and averaged; φ_k stays. GLA-FR makes the predictions (<see cref="Realignment"/>).
/// </summary>
public sealed class FedLoGe(FedLoGeOptions options, int featureDimension, int classes, string cacheFolder) : FederatedAlgorithm
{
    private static readonly HeadSpec[] ThreeHeads =
    [
        new("psi", HeadRole.Shared, DrivesBackbone: false),
        new("phi", HeadRole.Private, DrivesBackbone: false),
        new("etf", HeadRole.Frozen, DrivesBackbone: true),
    ];

    private static readonly string[] Variants = ["figure", "reference", "before"];

    public override string Name => "fedloge";

    public override IReadOnlyList<HeadSpec> Heads => ThreeHeads;

    public override IReadOnlyList<string> PersonalVariants => Variants;

    public override string PersonalVariant => options.Personal;

    /// <summary>W_S as a head [C, d+1]; its bias is zero, or random and frozen for compatibility with the authors' code.</summary>
    /// <exception cref="RunFailedException">d &lt; C, or a sparsity that empties a class vector.</exception>
    public override float[] Frozen(Action<long, long> steps, CancellationToken cancellationToken)
    {
        float[] vectors = SparseEtfCache.Load(cacheFolder, featureDimension, classes, options, steps, cancellationToken);
        float[] head = new float[classes * (featureDimension + 1)];
        var random = CounterRandom.For(options.ClassifierSeed, "sse-c/bias");
        double bound = 1 / Math.Sqrt(featureDimension);
        for (int c = 0; c < classes; c++)
        {
            Span<float> row = head.AsSpan(c * (featureDimension + 1), featureDimension + 1);
            vectors.AsSpan(c * featureDimension, featureDimension).CopyTo(row);
            row[^1] = options.ReferenceBias ? (float)((2 * random.NextDouble() - 1) * bound) : 0;
        }

        return head;
    }

    public override GenericHeads Generic(Tensor shared, Tensor frozen)
    {
        Tensor psi = shared[0];
        return new GenericHeads(options.Generic == "reference" ? Realignment.GenericReference(psi) : Realignment.GenericUnit(psi), frozen[0], psi);
    }

    /// <summary>φ' alone, φ + φ', and φ without realignment.</summary>
    public override IReadOnlyList<Tensor> Personal(Tensor shared, Tensor privates, int clients)
    {
        Tensor psi = shared[0], phi = privates.select(1, 0);
        return [Realignment.PersonalFigure(psi, phi), Realignment.PersonalReference(psi, phi), phi];
    }
}
