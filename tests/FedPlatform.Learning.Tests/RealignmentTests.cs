using FedPlatform.Learning.Algorithms.FedLoGe;
using FedPlatform.Learning.Torch;
using TorchSharp;
using static TorchSharp.torch;

namespace FedPlatform.Learning.Tests;

/// <summary>Two classes, d = 2; the third column is the bias.</summary>
public class RealignmentTests
{
    private readonly Tensor psi, phi;

    public RealignmentTests()
    {
        TorchRuntime.Start();
        psi = tensor(new float[,] { { 3, 4, 0.5f }, { 0, 2, -1 } });
        phi = tensor(new float[,,] { { { 6, 8, 2 }, { 1, 0, 3 } } });
    }

    [Fact]
    public void Unit_divides_by_the_norm_and_drops_the_bias() =>
        Check([0.6f, 0.8f, 0, 0, 1, 0], Realignment.GenericUnit(psi));

    [Fact]
    public void Reference_scales_to_its_constant_and_keeps_the_bias() =>
        Check([1.02f, 1.36f, 0.5f, 0, 1.7f, -1], Realignment.GenericReference(psi));

    [Fact]
    public void Figure_gives_psi_the_local_norm_without_normalising_psi() =>
        Check([30, 40, 0, 0, 2, 0], Realignment.PersonalFigure(psi, phi));

    [Fact]
    public void Reference_adds_the_local_head() =>
        Check([36, 48, 2.5f, 1, 2, 2], Realignment.PersonalReference(psi, phi));

    [Fact]
    public void A_class_vector_of_zeros_stays_zero() =>
        Check([0, 0, 0, 0, 1, 0], Realignment.GenericUnit(tensor(new float[,] { { 0, 0, 1 }, { 0, 5, 0 } })));

    [Fact]
    public void Without_bias_the_constant_changes_no_prediction()
    {
        Tensor head = randn(7, 17, generator: new Generator(1)), z = cat([randn(50, 16, generator: new Generator(2)), ones(50, 1)], 1);
        head.narrow(1, 16, 1).zero_();
        Tensor unit = z.mm(Realignment.GenericUnit(head).t()).argmax(1L), reference = z.mm(Realignment.GenericReference(head).t()).argmax(1L);
        Assert.Equal(unit.data<long>().ToArray(), reference.data<long>().ToArray());
        Assert.True(Realignment.GenericUnit(head).narrow(1, 0, 16).square().sum(1).sub(1).abs().max().item<float>() < 1e-6);
    }

    private static void Check(float[] expected, Tensor actual) =>
        Assert.All(expected.Zip(actual.data<float>().ToArray()), p => Assert.Equal(p.First, p.Second, 1e-5f));
}
