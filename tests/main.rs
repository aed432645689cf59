//! The one integration binary: real commands against real git, in throwaway repositories.
